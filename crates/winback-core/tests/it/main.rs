//! The tests of core that go through several of its rooms.
mod messages;
mod sample;
