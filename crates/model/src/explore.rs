//! Walks through every state that a model can reach, nearest first, and keeps how it came there.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Debug;
use std::hash::Hash;

/// A thing that goes from state to state by actions.
pub(crate) trait Model {
    /// A state. Those that are equal have the same future.
    type State: Clone + Eq + Hash;
    /// What leads from one to another.
    type Action: Copy + Debug;

    /// Where it begins.
    fn start(&mut self) -> Self::State;
    /// Adds every action that is possible in `state`, and where each leads.
    fn steps(&mut self, state: &Self::State, to: &mut Vec<(Self::Action, Self::State)>);
    /// What must not be, and is; none when all is well.
    fn broken(&self, state: &Self::State) -> Option<&'static str>;
    /// Whether nothing is left to do.
    fn is_done(&self, state: &Self::State) -> bool;
    /// Whether from here it must be possible to come to where nothing is left to do.
    fn must_get_done(&self, state: &Self::State) -> bool;
}

/// What was seen on the walk.
#[derive(Debug)]
pub struct Explored {
    /// How many states there are.
    pub n_states: usize,
    /// How many steps lead from one to another.
    pub n_steps: usize,
    /// How many of the states are such that nothing is left to do.
    pub n_done: usize,
    /// The first thing found that must not be.
    pub found: Option<Counterexample>,
}

/// A shortest way to what must not be.
#[derive(Debug)]
pub struct Counterexample {
    /// What that is.
    pub what: &'static str,
    /// The actions that lead there.
    pub path: Vec<String>,
}

/// Looks at everything that can be reached.
pub(crate) fn explore<M: Model>(model: &mut M) -> Explored {
    let start = model.start();
    let mut walk = Walk::<M> { states: vec![start.clone()], came: vec![None], back: Vec::new() };
    let mut known = HashMap::from([(start, 0_u32)]);
    let mut steps = Vec::new();
    let mut next = 0;
    while next < walk.states.len() {
        let from = number(next);
        model.steps(&walk.states[next].clone(), &mut steps);
        for (action, state) in steps.drain(..) {
            let to = match known.entry(state) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    let to = number(walk.states.len());
                    walk.states.push(entry.key().clone());
                    walk.came.push(Some((from, action)));
                    entry.insert(to);
                    if let Some(what) = model.broken(&walk.states[to as usize]) {
                        walk.back.push((to, from));
                        return walk.explored(model, Some((what, to)));
                    }
                    to
                }
            };
            walk.back.push((to, from));
        }
        next += 1;
    }
    let stuck = walk.first_stuck(model).map(|state| ("there is no way to an end from here", state));
    walk.explored(model, stuck)
}

struct Walk<M: Model> {
    states: Vec<M::State>,
    /// From where, and by what, each was first reached.
    came: Vec<Option<(u32, M::Action)>>,
    /// Every step, from where it leads to where it begins.
    back: Vec<(u32, u32)>,
}

impl<M: Model> Walk<M> {
    /// The first state from which an end must be in reach, and is not.
    fn first_stuck(&mut self, model: &M) -> Option<u32> {
        self.back.sort_unstable();
        let mut reaches: Vec<bool> = self.states.iter().map(|state| model.is_done(state)).collect();
        let mut open: Vec<u32> = (0..number(reaches.len())).filter(|state| reaches[*state as usize]).collect();
        while let Some(to) = open.pop() {
            let first = self.back.partition_point(|(end, _)| *end < to);
            for (_, from) in self.back[first..].iter().take_while(|(end, _)| *end == to) {
                if !std::mem::replace(&mut reaches[*from as usize], true) {
                    open.push(*from);
                }
            }
        }
        let is_stuck = |state: &u32| !reaches[*state as usize] && model.must_get_done(&self.states[*state as usize]);
        (0..number(reaches.len())).find(is_stuck)
    }

    fn explored(&self, model: &M, found: Option<(&'static str, u32)>) -> Explored {
        let n_done = self.states.iter().filter(|state| model.is_done(state)).count();
        let found = found.map(|(what, state)| Counterexample { what, path: self.path(state) });
        Explored { n_states: self.states.len(), n_steps: self.back.len(), n_done, found }
    }

    fn path(&self, mut state: u32) -> Vec<String> {
        let mut path = Vec::new();
        while let Some((from, action)) = self.came[state as usize] {
            path.push(format!("{action:?}"));
            state = from;
        }
        path.reverse();
        path
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("states fit into memory, and so into 32 bits")
}
