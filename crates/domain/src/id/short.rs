//! Text that is mostly short: an id of the platform's is a number of some sixteen digits, and there are several in every
//! record. It is kept in place, so that reading, copying and dropping one asks nothing of the allocator.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// The most bytes that are kept in place. With them, this is as large as a `String`.
const IN_PLACE: usize = 22;

/// An id as it was written. Nothing here asks what it is made of; the ids around it do.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Short {
    // Behind the text come zeros, and what fits is never apart: equal texts are equal in every byte.
    InPlace { n_bytes: u8, bytes: [u8; IN_PLACE] },
    Apart(Box<str>),
}

impl Short {
    pub(super) fn of(text: &str) -> Self {
        let mut bytes = [0; IN_PLACE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(n_bytes)) => {
                place.copy_from_slice(text.as_bytes());
                Self::InPlace { n_bytes, bytes }
            }
            _ => Self::Apart(text.into()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::InPlace { .. } => std::str::from_utf8(self.as_bytes()).expect("it was made of a text"),
            Self::Apart(text) => text,
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::InPlace { n_bytes, bytes } => &bytes[..usize::from(*n_bytes)],
            Self::Apart(text) => text.as_bytes(),
        }
    }
}

impl Hash for Short {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
        // As `str` does it: no two texts run together.
        state.write_u8(0xff);
    }
}

impl Ord for Short {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Short {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::BuildHasher;

    proptest! {
        #[test]
        fn it_is_compared_and_hashed_as_the_text_it_holds(one in "[!-~]{0,40}", other in "[!-~]{0,40}") {
            let hasher = std::hash::RandomState::new();
            let pairs = [(one.clone(), other.clone()), (one.clone(), one.clone()), (one.clone(), one + &other)];
            for (left, right) in pairs {
                let (short, other) = (Short::of(&left), Short::of(&right));
                prop_assert_eq!(short.as_str(), &left);
                prop_assert_eq!(short == other, left == right);
                prop_assert_eq!(short.cmp(&other), left.cmp(&right));
                prop_assert_eq!(hasher.hash_one(&short), hasher.hash_one(&*left));
            }
        }
    }

    #[test]
    fn what_fits_is_kept_in_place() {
        for n_bytes in 0..64 {
            let short = Short::of(&"x".repeat(n_bytes));
            assert_eq!(matches!(short, Short::InPlace { .. }), n_bytes <= IN_PLACE);
        }
        assert_eq!(size_of::<Short>(), size_of::<String>());
    }
}
