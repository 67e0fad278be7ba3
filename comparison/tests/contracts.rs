//! The sections' contracts: each section keeps its own, and every change of what it printed is seen.

use std::process::Command;
use std::thread;
use std::time::Duration;

use comparison::chapters::{self, Section};
use comparison::child::{self, Ended};
use comparison::contract::{Contract, Place};
use comparison::run::judge;

const DEADLINE: Duration = Duration::from_secs(60);

/// A good output of a section, with the place of each line.
struct Good {
    name: String,
    contract: Contract,
    ended: Ended,
    places: Vec<Place>,
}

impl Good {
    fn of(chapter: &str, section: &Section) -> Self {
        let name = format!("{chapter}/{}", section.name);
        let contract = Contract::parse(section.contract).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
        command.args(["__section", chapter, section.name]);
        let ended = child::run(command, "", DEADLINE).expect("the section can be started");
        judge(&contract, &ended, DEADLINE).unwrap_or_else(|e| panic!("{name} {e}\n{ended:?}"));
        let places = contract.check(&ended.stdout).expect("judged above");
        Self {
            name,
            contract,
            ended,
            places,
        }
    }

    fn must_be_noticed(&self, change: &str, lines: &[&str]) {
        let output = lines.join("\n");
        let kept = self.contract.check(&output).is_ok();
        assert!(!kept, "{}: not noticed: {change}\n{output}", self.name);
    }

    /// Drops, doubles and alters every fixed line in turn, and swaps every two whose order is fixed.
    fn every_change_is_noticed(&self) -> usize {
        let lines: Vec<&str> = self.ended.stdout.lines().collect();
        let mut changes = 0;
        for (index, &place) in self.places.iter().enumerate() {
            if !self.contract.is_fixed(place) {
                continue;
            }
            let mut dropped = lines.clone();
            let line = dropped.remove(index);
            self.must_be_noticed(&format!("{line} dropped"), &dropped);

            let mut doubled = lines.clone();
            doubled.insert(index, line);
            self.must_be_noticed(&format!("{line} doubled"), &doubled);

            let altered_line = format!("※{line}");
            let mut altered = lines.clone();
            altered[index] = &altered_line;
            self.must_be_noticed(&format!("{line} altered"), &altered);
            changes += 3;
        }
        for (first, second) in self.ordered_pairs() {
            let mut swapped = lines.clone();
            swapped.swap(first, second);
            if swapped != lines {
                let change = format!("{} and {} swapped", lines[first], lines[second]);
                self.must_be_noticed(&change, &swapped);
                changes += 1;
            }
        }
        changes
    }

    /// Indices of lines that follow each other in a lane, across an edge, or across phases.
    fn ordered_pairs(&self) -> Vec<(usize, usize)> {
        let index_of = |wanted: Place| self.places.iter().position(|&place| place == wanted);
        let mut pairs = Vec::new();
        for (first, &place) in self.places.iter().enumerate() {
            let next = Place {
                line: place.line + 1,
                ..place
            };
            pairs.extend(index_of(next).map(|second| (first, second)));
            if self
                .places
                .get(first + 1)
                .is_some_and(|next| next.phase > place.phase)
            {
                pairs.push((first, first + 1));
            }
        }
        for (first, second) in self.contract.edges() {
            pairs.extend(index_of(first).zip(index_of(second)));
        }
        pairs
    }
}

#[test]
fn every_section_keeps_its_contract_and_every_change_is_noticed() {
    let chapters = chapters::all();
    let goods: Vec<Good> = thread::scope(|scope| {
        let sections = chapters.iter().flat_map(|chapter| {
            chapter
                .sections
                .iter()
                .map(move |section| (chapter.name, section))
        });
        // All started, then all joined: most of their time they sleep.
        let running: Vec<_> = sections
            .map(|(chapter, section)| scope.spawn(|| Good::of(chapter, section)))
            .collect();
        let goods = running.into_iter().map(|good| good.join());
        goods
            .map(|good| good.expect("the section keeps its contract"))
            .collect()
    });
    for good in &goods {
        let changes = good.every_change_is_noticed();
        assert!(
            changes >= 3 * good.places.len() / 2,
            "{}: {changes} changes only",
            good.name
        );

        // A sleep that vanished, where there is one.
        let least = good.contract.least;
        let quick = Ended {
            stdout: good.ended.stdout.clone(),
            stderr: String::new(),
            elapsed: least.saturating_sub(Duration::from_millis(1)),
            ..good.ended
        };
        let noticed = judge(&good.contract, &quick, DEADLINE).is_err();
        assert_eq!(noticed, !least.is_zero(), "{}: too quick", good.name);
    }
}
