//! [`Place`]: how far a queue has come, in one word, so that it can be changed in one store.

/// How much memory a unit is. Everything in a queue begins at one.
pub const UNIT: usize = 8;

/// How many units are in a chunk. See `chunks.rs`.
pub const CHUNK: u32 = 8 * 1024;

/// The bits of [`Place`] that count units, and those that count items.
const UNITS: u32 = 32;
const ITEMS: u32 = 30;

/// Items are counted modulo one more than this.
const MODULO: u32 = (1 << ITEMS) - 1;

/// Units and items since the queue was made, both modulo a power of two, and two flags. An item changes
/// the upper half, which is the one that a sleeper watches (`futex.rs`).
#[derive(Clone, Copy, Debug)]
pub struct Place(pub u64);

/// Items and the units they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub items: u32,
    pub units: u32,
}

impl Size {
    /// More than this would be less, modulo.
    pub const MOST: Self = Self {
        items: 1 << (ITEMS - 1),
        units: 1 << (UNITS - 1),
    };
}

impl Place {
    /// The bit that says that somebody sleeps until this place is another one.
    pub const AWAITED: u64 = 1 << (UNITS + ITEMS);
    /// The bit that says that the queue is closed.
    pub const CLOSED: u64 = 1 << (UNITS + ITEMS + 1);

    pub fn is_closed(self) -> bool {
        self.0 & Self::CLOSED != 0
    }

    pub fn is_awaited(self) -> bool {
        self.0 & Self::AWAITED != 0
    }

    /// The unit, counted since the queue was made.
    pub fn unit(self) -> u32 {
        self.0 as u32
    }

    fn items(self) -> u32 {
        (self.0 >> UNITS) as u32 & MODULO
    }

    /// The chunk of the unit, counted since the queue was made.
    pub fn chunk(self) -> u32 {
        self.unit() / CHUNK
    }

    /// So much further on. Neither closed nor awaited.
    pub fn after(self, size: Size) -> Self {
        let items = self.items().wrapping_add(size.items) & MODULO;
        let units = self.unit().wrapping_add(size.units);
        Self(u64::from(items) << UNITS | u64::from(units))
    }

    /// Whether that is the same place, whatever the flags say.
    pub fn is_at(self, other: Self) -> bool {
        self.unit() == other.unit()
    }

    /// How many items there are from `head` to here: none if `head` has passed meanwhile.
    pub fn items_since(self, head: Self) -> u32 {
        let items = self.items().wrapping_sub(head.items()) & MODULO;
        if items <= Size::MOST.items { items } else { 0 }
    }

    /// Whether from `head` to here is at most `capacity`.
    pub fn is_within(self, capacity: Size, head: Self) -> bool {
        self.items_since(head) <= capacity.items
            && self.unit().wrapping_sub(head.unit()) <= capacity.units
    }
}
