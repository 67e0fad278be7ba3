//! The chapters that are present. A new one joins with its line in [`all`].

/// A chapter of the document.
pub struct Chapter {
    /// The crate's name.
    pub name: &'static str,
    /// The chapter's number in the document.
    pub number: usize,
    /// The chapter's title in the document.
    pub title: &'static str,
    /// Its sections, in the document's order.
    pub sections: Vec<Section>,
}

/// A section of a chapter.
pub struct Section {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its title in the document.
    pub title: &'static str,
    /// What it must print, in the notation of [`crate::contract`].
    pub contract: &'static str,
    /// Whether it keeps a core busy, so that others beside it would disturb it.
    pub alone: bool,
    /// Runs it.
    pub run: fn() -> anyhow::Result<()>,
}

/// A chapter's crate and its name; the sections named after `alone` get the machine to themselves.
macro_rules! chapter {
    ($krate:ident, $name:literal, alone: [$($alone:literal),*]) => {{
        use $krate::sections::{ALL, CHAPTER, TITLE};
        let alone: &[&str] = &[$($alone),*];
        let sections = ALL.iter().map(|section| Section {
            name: section.name,
            title: section.title,
            contract: section.contract,
            alone: alone.contains(&section.name),
            run: section.run,
        });
        Chapter {
            name: $name,
            number: CHAPTER,
            title: TITLE,
            sections: sections.collect(),
        }
    }};
}

/// Every chapter, in the document's order.
pub fn all() -> Vec<Chapter> {
    vec![
        chapter!(gil_demo, "gil-demo", alone: ["effect-on-threads", "choosing-by-task"]),
        chapter!(threading, "threading", alone: []),
        chapter!(multiprocess, "multiprocess", alone: []),
        chapter!(futures_pool, "futures-pool", alone: ["process-pool"]),
        chapter!(asyncio, "asyncio", alone: []),
    ]
}
