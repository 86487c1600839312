//! What disturbs one history, drawn from its seed alone; and how such a plan is made smaller.
//!
//! Invariant: a plan decides everything that happens in its history: running it again is the same history.

/// What disturbs one try of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    None,
    /// It has its effect, and nobody hears of it.
    LostAnswer,
    /// It never arrives.
    LostRequest,
    /// It arrives long after it was given up.
    Late,
    /// It arrives twice.
    Twice,
    /// It is not even sent.
    Unavailable,
    /// The runner dies before the call.
    BeforeCall,
    /// The runner dies before what came of it is committed.
    BeforeCommit,
    /// The runner dies right after the commit.
    AfterCommit,
    /// The runner freezes before the call, past its lease.
    FrozenBeforeCall,
    /// The runner freezes before it records what came of it, past its lease.
    FrozenBeforeCommit,
}

/// All that count as a crash, a duplicate, a loss or a reordering.
pub const DISTURBING: [Fault; 9] = [
    Fault::LostAnswer,
    Fault::LostRequest,
    Fault::Late,
    Fault::Twice,
    Fault::BeforeCall,
    Fault::BeforeCommit,
    Fault::AfterCommit,
    Fault::FrozenBeforeCall,
    Fault::FrozenBeforeCommit,
];

/// What happens beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Somebody wishes the order undone.
    Cancel,
    /// The deadline passes.
    Later,
    /// Something late arrives.
    Land,
    /// A frozen runner goes on.
    Thaw,
}

/// One try of one action.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// What disturbs it.
    pub fault: Fault,
    /// What happens before it.
    pub beside: Beside,
}

/// One history.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a circumstance of its own"
)]
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether a card is charged.
    pub charged: bool,
    /// Whether there is stock.
    pub stocked: bool,
    /// Whether the card is refused when it is authorised.
    pub declined: bool,
    /// Whether the card is refused when it is captured.
    pub capture_declined: bool,
    /// Whether the order is recalled once it is confirmed.
    pub recalled: bool,
    /// How many calls that undo fail before one works.
    pub stubborn: u32,
    /// Whether a person sets a parked saga going again.
    pub retried: bool,
    /// Whether what is late at the end lands in the order in which it was sent.
    pub in_order: bool,
    /// The disturbed part; what comes after it is calm.
    pub moves: Vec<Move>,
}

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn once_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = self.below(all.len() as u64);
        all[usize::try_from(index).unwrap_or_default()]
    }

    fn one_move(&mut self) -> Move {
        let fault = match self.below(10) {
            0..3 => Fault::None,
            3 => Fault::Unavailable,
            _ => self.of(&DISTURBING),
        };
        let beside = match self.below(12) {
            0 => Beside::Cancel,
            1 => Beside::Later,
            2 | 3 => Beside::Land,
            4 | 5 => Beside::Thaw,
            _ => Beside::Nothing,
        };
        Move { fault, beside }
    }
}

impl Plan {
    /// The history of this seed.
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw(seed);
        let moves = 1 + draw.below(14);
        Self {
            charged: !draw.once_in(4),
            stocked: !draw.once_in(8),
            declined: draw.once_in(8),
            capture_declined: draw.once_in(8),
            recalled: draw.once_in(2),
            stubborn: if draw.once_in(6) {
                u32::try_from(draw.below(12)).unwrap_or_default()
            } else {
                0
            },
            retried: draw.once_in(2),
            in_order: draw.once_in(2),
            moves: (0..moves).map(|_| draw.one_move()).collect(),
        }
    }

    /// Disturbs the first move.
    pub fn disturb(&mut self) {
        let fault = DISTURBING[self.moves.len() % DISTURBING.len()];
        self.moves.insert(
            0,
            Move {
                fault,
                beside: Beside::Nothing,
            },
        );
    }

    /// The smallest plan that still fails, taking away one thing at a time.
    pub fn shrunk(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut smallest = self.clone();
        while let Some(smaller) = smallest.smaller().into_iter().find(|plan| fails(plan)) {
            smallest = smaller;
        }
        smallest
    }

    fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut Self)| {
            let mut plan = self.clone();
            change(&mut plan);
            all.push(plan);
        };
        for index in 0..self.moves.len() {
            with(&|plan| {
                plan.moves.remove(index);
            });
            if self.moves[index].fault != Fault::None {
                with(&|plan| plan.moves[index].fault = Fault::None);
            }
            if self.moves[index].beside != Beside::Nothing {
                with(&|plan| plan.moves[index].beside = Beside::Nothing);
            }
        }
        if self.stubborn > 0 {
            with(&|plan| plan.stubborn -= 1);
        }
        if self.recalled {
            with(&|plan| plan.recalled = false);
        }
        if self.declined {
            with(&|plan| plan.declined = false);
        }
        if self.capture_declined {
            with(&|plan| plan.capture_declined = false);
        }
        if self.charged {
            with(&|plan| plan.charged = false);
        }
        if !self.stocked {
            with(&|plan| plan.stocked = true);
        }
        all
    }
}
