//! Which instructions a machine has, and which are used.
use std::fmt;
use std::str::FromStr;

/// A set of instructions that kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Rust alone: every machine, and what the others are compared with.
    Plain,
    /// NEON, with the dot instructions of bf16 and bytes where the processor has them.
    Neon,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 with BF16 and VNNI.
    Avx512,
    /// The tiles of AMX for bf16 and bytes, AVX-512 for the rest.
    Amx,
}

/// A level that is unknown, or that this machine does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this machine has no kernels of the level {wanted:?}; it has {}", names(have))]
pub struct LevelError {
    wanted: String,
    have: Vec<Level>,
}

impl Level {
    /// Every level, the slowest first.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Neon, Self::Avx2, Self::Avx512, Self::Amx];

    /// Returns whether this machine has the instructions.
    pub fn is_here(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_here()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bf16")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Amx => Self::Avx512.is_here() && super::amx::is_here(),
            _ => false,
        }
    }

    /// Returns the level, for the code that runs its instructions: nothing else makes that code sound.
    ///
    /// # Panics
    /// Where this machine does not have them.
    pub(crate) fn held(self) -> Self {
        assert!(self.is_here(), "this machine has no kernels of the level {self}");
        self
    }

    /// Returns the levels that this machine has, the slowest first.
    pub fn here() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|level| level.is_here())
    }

    /// Returns the fastest level that this machine has.
    pub fn best() -> Self {
        Self::here().last().unwrap_or(Self::Plain)
    }

    /// Returns the level's name: `avx512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    /// Returns the level of a name, if this machine has it; `auto` is the fastest.
    fn from_str(name: &str) -> Result<Self, LevelError> {
        if name == "auto" {
            return Ok(Self::best());
        }
        let have: Vec<Self> = Self::here().collect();
        have.iter().copied().find(|level| level.name() == name).ok_or_else(|| LevelError { wanted: name.to_owned(), have })
    }
}

/// Makes a function of the same name behind `wide_` that takes a level first and has its instructions at the compiler's
/// hand, so that it goes through more numbers at a time. The numbers that come out are the same to the bit: the compiler
/// fuses and reorders nothing. The level was [`Level::held`]; the function is `#[inline(always)]`, since one that is called
/// has none of these instructions.
macro_rules! widely {
    ($seen:vis fn $wide:ident($($name:ident: $type:ty),*) $(-> $result:ty)? = $function:path) => {
        #[inline]
        $seen fn $wide(level: $crate::kernels::Level, $($name: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512($($name: $type),*) $(-> $result)? {
                $function($($name),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($name: $type),*) $(-> $result)? {
                $function($($name),*)
            }
            match level {
                // SAFETY: `Level::held` made sure of these instructions.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::Level::Avx512 | $crate::kernels::Level::Amx => unsafe { avx512($($name),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::Level::Avx2 => unsafe { avx2($($name),*) },
                _ => $function($($name),*),
            }
        }
    };
}
pub(crate) use widely;

fn names(levels: &[Level]) -> String {
    levels.iter().map(|level| level.name()).collect::<Vec<_>>().join(", ")
}
