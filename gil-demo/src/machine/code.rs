//! [`Code`]: a program in a heap.

use crate::object::Heap;
use crate::object::ObjectRef;
use crate::program::Constant;
use crate::program::Program;

/// A program whose constants are objects of a heap. CPython's code objects with their `co_consts`.
///
/// Made once for a heap and run by any number of threads, which then all count the same constants.
///
/// ```
/// use gil_demo::gil::Gil;
/// use gil_demo::machine::{Code, run};
/// use gil_demo::object::Heap;
/// use gil_demo::program::{CPU_TASK, Program};
///
/// let program = Program::parse(CPU_TASK)?;
/// let mut heap = Heap::new();
/// let code = Code::load(&program, &mut heap);
/// assert_eq!(run(&code, "cpu_task", &[10], &mut heap), Ok(10)); // without a lock
///
/// let gil = Gil::new(heap);
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| {
///             let mut guard = gil.acquire().expect("not held");
///             assert_eq!(run(&code, "cpu_task", &[1000], &mut guard), Ok(1000));
///         });
///     }
/// });
/// code.unload(&mut gil.into_inner());
/// # Ok::<(), gil_demo::program::ProgramError>(())
/// ```
#[derive(Debug)]
#[must_use = "its constants stay in the heap until it is unloaded"]
pub struct Code<'p> {
    pub(super) program: &'p Program,
    /// In the order of the program's constants. One reference to each is ours.
    pub(super) constants: Vec<ObjectRef>,
    /// An object of the heap, to recognise it by. One reference is ours.
    pub(super) heap: ObjectRef,
}

impl<'p> Code<'p> {
    /// Makes the program's constants in the heap.
    pub fn load(program: &'p Program, heap: &mut Heap) -> Self {
        let make = |constant: &Constant| match *constant {
            Constant::None => heap.none(),
            Constant::Bool(value) => heap.bool(value),
            Constant::Int(value) => heap.int(value),
        };
        Self {
            program,
            constants: program.constants.iter().map(make).collect(),
            heap: heap.none(),
        }
    }

    /// The program's constants, in the order in which they first appear in it.
    pub fn constants(&self) -> &[ObjectRef] {
        &self.constants
    }

    /// Gives up the constants.
    ///
    /// # Panics
    ///
    /// If they were made in another heap.
    pub fn unload(self, heap: &mut Heap) {
        heap.decref(self.heap);
        self.constants
            .iter()
            .for_each(|&object| heap.decref(object));
    }
}
