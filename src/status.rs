//! Status codes, which a program's `run` returns, and host functions beside their results.
//!
//! They are a convention between programs and hosts, see [`tape`](crate::tape); WebAssembly does not define them.
//!
//! ```
//! use tickwasm::status::{self, Status};
//!
//! let returned: u32 = 4;
//! assert_eq!(returned, status::ENOENT);
//! let status = Status::try_from(returned)?;
//! assert_eq!(status, Status::NoEntry);
//! assert_eq!(status.to_string(), "ENOENT (4): no such entry");
//! # Ok::<(), status::UnknownStatus>(())
//! ```

use core::fmt;

/// Defines a status a line: constant, variant, code, description.
macro_rules! statuses {
    ($($constant:ident $variant:ident = $code:literal, $description:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($code), "`: ", $description, ".")]
            pub const $constant: u32 = $code;
        )*

        /// A status code. See the [module](self) for an example.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum Status {
            $(
                #[doc = concat!("[`", stringify!($constant), "`]: ", $description, ".")]
                $variant = $code,
            )*
        }

        impl Status {
            /// All of them, by code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name of its constant.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($constant),)*
                }
            }

            /// Its meaning, in a few words.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }

            /// The status of a code, if it has one.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    SUCCESS Success = 0, "success";
    ETRFM TransformFailed = 1, "transformation failed";
    ENOMEM NoMemory = 2, "memory allocation error";
    EACCESS NoAccess = 3, "permission denied";
    ENOENT NoEntry = 4, "no such entry";
    EBOUND OutOfBounds = 5, "index out of bounds";
    EREMOTE RemoteFailed = 6, "remote request failed";
    EPARSE ParseFailed = 7, "parse error";
}

impl Status {
    /// Its code.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// Whether it is [`Status::Success`].
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {}",
            self.name(),
            self.code(),
            self.description()
        )
    }
}

/// A number that is no status code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("{0} is no status code")]
pub struct UnknownStatus(pub u32);

impl TryFrom<u32> for Status {
    type Error = UnknownStatus;

    fn try_from(code: u32) -> Result<Self, UnknownStatus> {
        Self::from_code(code).ok_or(UnknownStatus(code))
    }
}

impl TryFrom<i32> for Status {
    type Error = UnknownStatus;

    /// Converts the bits of a program's `i32` in the same way.
    fn try_from(code: i32) -> Result<Self, UnknownStatus> {
        Self::try_from(code as u32)
    }
}

impl From<Status> for u32 {
    fn from(status: Status) -> Self {
        status.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_constants_agree() {
        let constants = [
            SUCCESS, ETRFM, ENOMEM, EACCESS, ENOENT, EBOUND, EREMOTE, EPARSE,
        ];
        assert_eq!(constants, [0, 1, 2, 3, 4, 5, 6, 7]);
        let codes: Vec<u32> = Status::ALL.iter().map(|status| status.code()).collect();
        assert_eq!(codes, constants);
        for status in Status::ALL {
            assert_eq!(Status::try_from(status.code()), Ok(*status));
            assert_eq!(status.is_success(), status.code() == 0);
        }
    }

    #[test]
    fn other_numbers_are_no_status() {
        assert_eq!(Status::try_from(8_u32), Err(UnknownStatus(8)));
        assert_eq!(Status::try_from(-1), Err(UnknownStatus(u32::MAX)));
        assert_eq!(Status::try_from(7_i32), Ok(Status::ParseFailed));
    }

    #[test]
    fn a_text_has_name_code_and_description() {
        let text = Status::RemoteFailed.to_string();
        assert_eq!(text, "EREMOTE (6): remote request failed");
    }
}
