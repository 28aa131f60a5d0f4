//! The tests of the whole: what the binary does as a person would use it, and the walls of the house.
mod walls;
