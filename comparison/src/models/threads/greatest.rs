//! As many threads alive at once as the budget and the system allow.

use std::sync::Arc;

use threading::event::Event;
use threading::semaphore::{ReleaseError, Semaphore};
use threading::thread::spawn;

use super::{Sample, Sizes};
use crate::models::meter::proportional_set_size;
use crate::models::ramp::{Places, Ramp};

pub(super) fn greatest(sizes: &Sizes) -> anyhow::Result<Sample> {
    let mut ramp = Ramp::begin(sizes, Places::Taken, proportional_set_size("self")?)?;
    let (alive, end) = (Arc::new(Semaphore::new(0)), Arc::new(Event::new()));
    let mut threads = Vec::new();
    while ramp.has_room(|| proportional_set_size("self"))? {
        let (alive_there, end_there) = (Arc::clone(&alive), Arc::clone(&end));
        let wait = move || {
            alive_there.release(1)?;
            end_there.wait();
            Ok(())
        };
        match spawn(wait) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                ramp.refused(&error);
                continue;
            }
        }
        alive.acquire().forget();
        ramp.started();
    }
    end.set();
    for thread in threads {
        thread.join()?.map_err(|error: ReleaseError| error)?;
    }
    Ok(ramp.sample())
}
