//! The exceptions that a function catches: a table that is consulted only when an exception is thrown.
//!
//! The instructions of a `try_table` leave no op behind. Instead the table has for each cell the innermost *region*
//! there: a body with clauses for its exceptions. Lowering writes it; the executor reads it while it walks the frames.

use super::builder::CellPos;
use super::ops::SlotOffset;

/// A place in the code from which on another region is the innermost one.
#[derive(Clone, Copy, Debug)]
struct Edge {
    /// Concerns ops that end behind this cell.
    at: CellPos,
    /// The region, if there is one.
    region: Option<u32>,
}

/// The body of a `try_table` or `try`.
#[derive(Clone, Copy, Debug)]
struct Region {
    /// The region to search when none of the clauses catches an exception.
    outer: Option<u32>,
    /// The first and the last of its clauses.
    clauses: Option<(u32, u32)>,
}

/// A clause that catches exceptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clause {
    /// The index of the tag that it catches; nothing if it catches all.
    pub tag: Option<u32>,
    /// The code that continues after the catch.
    pub landing: CellPos,
    /// The slot of the first value that the exception carries; unused by clauses that catch all.
    pub payload: SlotOffset,
    /// The slot of the reference to the exception, if the clause needs one.
    pub exn: Option<SlotOffset>,
    /// The next clause of the same region.
    next: Option<u32>,
}

/// The table of a function.
#[derive(Debug, Default)]
pub struct Catches {
    edges: Vec<Edge>,
    regions: Vec<Region>,
    clauses: Vec<Clause>,
}

impl Catches {
    /// Whether the function catches no exception.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Number of bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.edges) + size_of_val(&*self.regions) + size_of_val(&*self.clauses)
    }

    /// Begins a region at a cell.
    pub fn open(&mut self, at: CellPos) -> u32 {
        let region = self.regions.len() as u32;
        self.regions.push(Region {
            outer: self.innermost(),
            clauses: None,
        });
        self.edges.push(Edge {
            at,
            region: Some(region),
        });
        region
    }

    /// Ends the innermost region.
    pub fn close(&mut self, at: CellPos) {
        let region = self
            .innermost()
            .and_then(|region| self.regions[region as usize].outer);
        self.edges.push(Edge { at, region });
    }

    /// The innermost region at the end of the code written so far.
    pub fn innermost(&self) -> Option<u32> {
        self.edges.last().and_then(|edge| edge.region)
    }

    /// Delegates the exceptions that a region does not catch to another one. The region must have ended.
    pub fn delegate(&mut self, region: u32, to: Option<u32>) {
        self.regions[region as usize].outer = to;
    }

    /// Adds a clause to a region. `landing` is the number of a landing until [`finish`](Self::finish) sets its position.
    pub fn clause(
        &mut self,
        region: u32,
        tag: Option<u32>,
        landing: u32,
        payload: SlotOffset,
        exn: Option<SlotOffset>,
    ) -> u32 {
        let clause = self.clauses.len() as u32;
        self.clauses.push(Clause {
            tag,
            landing: CellPos(landing),
            payload,
            exn,
            next: None,
        });
        let region = &mut self.regions[region as usize];
        let first = match region.clauses {
            Some((first, last)) => {
                self.clauses[last as usize].next = Some(clause);
                first
            }
            None => clause,
        };
        region.clauses = Some((first, clause));
        clause
    }

    /// Makes a clause store a reference to the exception.
    pub fn keep(&mut self, clause: u32, exn: SlotOffset) {
        self.clauses[clause as usize].exn = Some(exn);
    }

    /// Completes the table, given the position of each landing. Regions without clauses are skipped from now on, so that a search visits
    /// clauses only.
    pub fn finish(&mut self, landings: &[CellPos]) {
        for clause in &mut self.clauses {
            clause.landing = landings[clause.landing.0 as usize];
        }
        // A region's outer one began before it.
        for at in 0..self.regions.len() {
            self.regions[at].outer = self.regions[at].outer.and_then(|outer| self.solid(outer));
        }
        for at in 0..self.edges.len() {
            self.edges[at].region = self.edges[at].region.and_then(|region| self.solid(region));
        }
    }

    /// The region, or if it has no clauses the nearest outer one that has.
    fn solid(&self, region: u32) -> Option<u32> {
        let Region { outer, clauses } = self.regions[region as usize];
        if clauses.is_some() {
            Some(region)
        } else {
            outer
        }
    }

    /// Finds the clause that catches an exception thrown by the op that ends at, or contains, the cell before `cell`. `takes` tells whether
    /// an exception has the tag of an index. `seen` is raised by the number of clauses that were tested.
    pub fn find(
        &self,
        cell: CellPos,
        takes: impl Fn(u32) -> bool,
        seen: &mut u64,
    ) -> Option<Clause> {
        let behind = self.edges.partition_point(|edge| edge.at < cell);
        let mut region = self.edges[..behind].last()?.region;
        while let Some(at) = region {
            let Region { outer, clauses } = self.regions[at as usize];
            let mut clause = clauses.map(|(first, _)| first);
            while let Some(at) = clause {
                let found = self.clauses[at as usize];
                *seen += 1;
                if found.tag.is_none_or(&takes) {
                    return Some(found);
                }
                clause = found.next;
            }
            region = outer;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(0..10: tag 0) ⊃ (2..6: nothing) ⊃ (2..4: tag 1, all)`, and the middle one delegates to outside of all.
    fn table(delegates: bool) -> Catches {
        let mut table = Catches::default();
        let outer = table.open(CellPos(0));
        let middle = table.open(CellPos(2));
        let inner = table.open(CellPos(2));
        table.clause(inner, Some(1), 0, 8, None);
        table.clause(inner, Some(2), 1, 16, Some(24));
        table.close(CellPos(4));
        table.close(CellPos(6));
        if delegates {
            table.delegate(middle, None);
        }
        table.clause(outer, Some(0), 0, 0, None);
        table.close(CellPos(10));
        table.finish(&[CellPos(12), CellPos(14)]);
        table
    }

    fn payload(table: &Catches, cell: u32, tag: u32) -> Option<SlotOffset> {
        let found = table.find(CellPos(cell), |index| index == tag, &mut 0);
        found.map(|clause| clause.payload)
    }

    #[test]
    fn an_op_belongs_to_the_region_in_which_it_ends() {
        let table = table(false);
        assert_eq!(payload(&table, 0, 0), None);
        assert_eq!(payload(&table, 2, 1), None);
        assert_eq!(payload(&table, 4, 1), Some(8));
        assert_eq!(payload(&table, 6, 1), None);
        assert_eq!(payload(&table, 10, 0), Some(0));
        assert_eq!(payload(&table, 12, 0), None);
    }

    #[test]
    fn clauses_lead_to_where_their_landings_are() {
        let landing = |tag| table(false).find(CellPos(4), |index| index == tag, &mut 0);
        assert_eq!(landing(0).map(|clause| clause.landing), Some(CellPos(12)));
        assert_eq!(landing(2).map(|clause| clause.landing), Some(CellPos(14)));
    }

    #[test]
    fn what_the_innermost_region_does_not_take_goes_outward() {
        let table = table(false);
        assert_eq!(payload(&table, 4, 2), Some(16));
        assert_eq!(payload(&table, 4, 0), Some(0));
        assert_eq!(payload(&table, 4, 3), None);
    }

    #[test]
    fn the_clauses_looked_at_are_counted() {
        let seen = |tag| {
            let mut seen = 0;
            table(false).find(CellPos(4), |index| index == tag, &mut seen);
            seen
        };
        assert_eq!([seen(1), seen(2), seen(0), seen(3)], [1, 2, 3, 3]);
    }

    #[test]
    fn a_region_that_delegates_is_not_followed_by_the_one_around_it() {
        let table = table(true);
        assert_eq!(payload(&table, 4, 1), Some(8));
        assert_eq!(payload(&table, 4, 0), None);
        assert_eq!(payload(&table, 6, 0), None);
        assert_eq!(payload(&table, 8, 0), Some(0));
    }
}
