//! 调试难度: how hard it is to find out what is wrong. Nothing measures that: it is a judgement, and what it
//! rests on is written beside it. Each error code is that of a `compile_fail` doc test of this repository.

use crate::report::{Label, Language, Statement};

/// Where an error code is shown: the code, the file from the root, the mistake in both languages.
type Refused = (&'static str, &'static str, &'static str, &'static str);

/// Mistakes that the compiler refuses, for each model.
const REFUSED: &[(&str, &[Refused])] = &[
    (
        "threads",
        &[
            (
                "E0277",
                "threading/src/sections/s1_thread.rs",
                "把非线程安全的引用计数交给线程",
                "a count of references that is not atomic, in another thread",
            ),
            (
                "E0373",
                "threading/src/sections/s1_thread.rs",
                "线程借用比它先结束的局部变量",
                "a thread that borrows what may end before it",
            ),
            (
                "E0499",
                "threading/src/sections/s2_sync.rs",
                "两个线程不加锁地修改同一个值",
                "two threads that change one value without a lock",
            ),
            (
                "E0277",
                "threading/src/reentrant_lock.rs",
                "由别的线程释放锁",
                "a lock released by another thread",
            ),
        ],
    ),
    (
        "processes",
        &[
            (
                "E0277",
                "multiprocess/src/shareable.rs",
                "把指针放进共享内存",
                "a pointer in shared memory",
            ),
            (
                "E0382",
                "multiprocess/src/connection.rs",
                "使用已关闭的管道",
                "a pipe used after it is closed",
            ),
            (
                "E0382",
                "multiprocess/src/process.rs",
                "同一个进程启动两次",
                "a process started twice",
            ),
        ],
    ),
    (
        "tasks",
        &[(
            "E0728",
            "asyncio/src/sections/s2_async_await.rs",
            "在同步函数中 await",
            "await outside of an async function",
        )],
    ),
];

/// 中文, and in English.
type Both = (&'static str, &'static str);

/// What remains, for each model: in Rust, in Python; each in both languages.
const REMAIN: &[(&str, Both, Both)] = &[
    (
        "threads",
        (
            "死锁，以及加了锁仍出错的先后顺序",
            "deadlocks, and orders that are wrong under locks",
        ),
        (
            "数据竞争、死锁、先后顺序，都要到运行时才出现",
            "races, deadlocks and orders: all at run time only",
        ),
    ),
    (
        "processes",
        (
            "被杀死的进程（有类型的错误）、死锁",
            "killed processes (a typed error), deadlocks",
        ),
        (
            "进程被杀死后等待可能永不返回；不能 pickle 的对象在运行时报错",
            "a wait for a killed process may never return; what cannot be pickled fails at run time",
        ),
    ),
    (
        "tasks",
        (
            "阻塞事件循环、取消时停在 await 处",
            "a blocked loop, a cancellation at an await",
        ),
        (
            "忘记 await、阻塞事件循环、取消",
            "a forgotten await, a blocked loop, cancellations",
        ),
    ),
];

/// The judgements: (model, language, 中文, English).
const JUDGEMENTS: &[(&str, Language, &str, &str)] = &[
    (
        "threads",
        Language::Rust,
        "低到中：编译器拒绝数据竞争",
        "low to medium: races do not compile",
    ),
    (
        "threads",
        Language::Cpython,
        "中到高：竞态要碰巧才出现",
        "medium to high: races show by chance",
    ),
    (
        "processes",
        Language::Rust,
        "中：错误带类型，无调试器跨进程",
        "medium: typed errors, several processes",
    ),
    (
        "processes",
        Language::Cpython,
        "中到高：可能挂起",
        "medium to high: it may hang",
    ),
    (
        "tasks",
        Language::Rust,
        "中：编译器检查，调用栈难读",
        "medium: checked, but stacks are hard to read",
    ),
    (
        "tasks",
        Language::Cpython,
        "低到中：单线程",
        "low to medium: one thread",
    ),
];

/// A judgement for each model and language, with its evidence.
pub(super) fn statements() -> Vec<Statement> {
    let statement = |&(model, language, zh, en): &(&str, Language, &str, &str)| {
        let mut evidence = Vec::new();
        let of_model = |name: &&str| *name == model;
        if language == Language::Rust {
            for (_, refused) in REFUSED.iter().filter(|(name, _)| of_model(name)) {
                evidence.extend(refused.iter().map(|(code, file, zh, en)| {
                    let at = format!("{code}, {file}");
                    Label::new(
                        format!("拒绝编译（{at}）：{zh}"),
                        format!("does not compile ({at}): {en}"),
                    )
                }));
            }
        }
        for (_, rust, python) in REMAIN.iter().filter(|(name, ..)| of_model(name)) {
            let (zh, en) = match language {
                Language::Rust => rust,
                Language::Cpython => python,
            };
            evidence.push(Label::new(
                format!("仍会发生：{zh}"),
                format!("remains: {en}"),
            ));
        }
        Statement {
            model: model.to_owned(),
            language,
            judgement: true,
            text: Label::new(zh, en),
            evidence,
        }
    };
    JUDGEMENTS.iter().map(statement).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_code_is_that_of_a_doc_test() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (code, file, ..) in REFUSED.iter().flat_map(|(_, refused)| *refused) {
            let text = std::fs::read_to_string(root.join(file)).expect(file);
            let test = format!("compile_fail,{code}");
            assert!(text.contains(&test), "{file} has no {test}");
        }
    }

    #[test]
    fn each_model_has_a_judgement_in_each_language_with_evidence() {
        let statements = statements();
        assert_eq!(statements.len(), 2 * crate::rows::MODELS.len());
        for statement in statements {
            assert!(crate::rows::MODELS.contains(&statement.model.as_str()));
            assert!(statement.judgement && !statement.evidence.is_empty());
        }
    }
}
