//! [`Buffer`]: the bytes of one item, without an allocation if they are few.

use std::mem;
use std::ptr::NonNull;

use postcard::ser_flavors::Flavor;

/// So many are few.
const FEW: usize = 120;

/// The bytes of one item. It is lent, not moved: that would take longer than all else with a small item.
#[derive(Debug)]
pub struct Buffer {
    len: usize,
    /// The bytes, if they are few.
    few: [u8; FEW],
    /// All of them, if they are not.
    many: Vec<u8>,
}

impl Buffer {
    /// An empty one.
    #[inline]
    pub fn new() -> Self {
        Self {
            len: 0,
            few: [0; FEW],
            many: Vec::new(),
        }
    }

    /// Becomes the first `len` of these. All are copied, which takes one instruction.
    #[inline]
    pub fn set(&mut self, bytes: [u8; 8], len: usize) {
        self.few[..8].copy_from_slice(&bytes);
        self.len = len;
    }

    /// Becomes one of `len` bytes.
    ///
    /// # Safety
    ///
    /// `write` writes `len` bytes to where it is told.
    #[inline]
    pub unsafe fn fill(&mut self, len: usize, write: impl FnOnce(NonNull<u8>)) {
        if len <= FEW {
            write(NonNull::from(&mut self.few).cast());
        } else {
            self.many.clear();
            self.many.reserve(len);
            write(NonNull::from(self.many.spare_capacity_mut()).cast());
            // SAFETY: there is room for so many, and the caller says that they were written.
            unsafe { self.many.set_len(len) };
        }
        self.len = len;
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        self.few.get(..self.len).unwrap_or(&self.many)
    }

    /// The bytes, taken out.
    pub fn take(&mut self) -> Vec<u8> {
        match mem::take(&mut self.len) {
            len @ ..=FEW => self.few[..len].to_vec(),
            _ => mem::take(&mut self.many),
        }
    }
}

/// Postcard writes at the end.
impl Flavor for &mut Buffer {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, more: &[u8]) -> postcard::Result<()> {
        let len = self.len + more.len();
        if let Some(place) = self.few.get_mut(self.len..len) {
            place.copy_from_slice(more);
        } else {
            if self.len <= FEW {
                self.many.extend_from_slice(&self.few[..self.len]);
            }
            self.many.extend_from_slice(more);
        }
        self.len = len;
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
