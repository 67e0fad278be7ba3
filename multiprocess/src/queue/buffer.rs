//! [`Buffer`]: the bytes of one item, without an allocation if they are few.

use std::ptr::NonNull;

use postcard::ser_flavors::Flavor;

/// So many are few.
const FEW: usize = 120;

/// The bytes of one item. Postcard can write into it.
#[derive(Debug)]
pub enum Buffer {
    /// So many of them, at the beginning.
    Few(usize, [u8; FEW]),
    /// All of them.
    Many(Vec<u8>),
}

impl Buffer {
    /// An empty one.
    pub fn new() -> Self {
        Self::Few(0, [0; FEW])
    }

    /// One of `len` bytes.
    ///
    /// # Safety
    ///
    /// `fill` writes `len` bytes to where it is told.
    pub unsafe fn filled(len: usize, fill: impl FnOnce(NonNull<u8>)) -> Self {
        if len <= FEW {
            let mut bytes = [0; FEW];
            fill(NonNull::from(&mut bytes).cast());
            return Self::Few(len, bytes);
        }
        let mut bytes = Vec::with_capacity(len);
        fill(NonNull::from(bytes.spare_capacity_mut()).cast());
        // SAFETY: there is room for so many, and the caller says that they were written.
        unsafe { bytes.set_len(len) };
        Self::Many(bytes)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Few(len, bytes) => &bytes[..*len],
            Self::Many(bytes) => bytes,
        }
    }

    /// The bytes, copied only if they are few.
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Few(len, bytes) => bytes[..len].to_vec(),
            Self::Many(bytes) => bytes,
        }
    }
}

impl Flavor for Buffer {
    type Output = Self;

    fn try_extend(&mut self, more: &[u8]) -> postcard::Result<()> {
        match self {
            Self::Many(bytes) => bytes.extend_from_slice(more),
            Self::Few(len, bytes) => match bytes.get_mut(*len..*len + more.len()) {
                Some(place) => {
                    place.copy_from_slice(more);
                    *len += more.len();
                }
                None => *self = Self::Many([&bytes[..*len], more].concat()),
            },
        }
        Ok(())
    }

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn finalize(self) -> postcard::Result<Self> {
        Ok(self)
    }
}
