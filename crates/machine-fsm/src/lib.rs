//! The life of a bare-metal machine as one exhaustive, pure transition table.
//!
//! ```text
//!   netboot of an unknown machine                 added by hand
//!             │                                         │
//!             ▼          scripts done                   ▼
//!         Enlisting ─────────────────────────────────▶ New
//!             │ ▲                                       │ commission
//!        fail │ │ netboot                               ▼           scripts done
//!             ▼ │                                 Commissioning ──────────────────┐
//!       FailedEnlisting                                 │ fail                    │
//!                                                       ▼                         ▼
//!                      ┌────────────────────── FailedCommissioning              Ready ◀──────┐
//!                      │ commission                                               │          │
//!                      └──▶ Commissioning                                allocate │          │
//!                                                                                 ▼          │
//!          Deployed ◀──first boot── Deploying ◀──────────deploy──────────── Allocated        │
//!             │                         │ fail                                    │          │
//!             │ release                 ▼                                         │ release  │
//!             │                  FailedDeployment ──release──┐                    │          │
//!             ▼                                              ▼                    ▼          │
//!         Releasing ◀────────────────────────────────────────┴────────────────────┘          │
//!             ├──powered off─────────────────────────────────────────────────────────────────┘
//!             └──fail──▶ FailedReleasing ──release──▶ Releasing
//!
//!   any status ──mark broken──▶ Broken ──mark fixed──▶ Ready
//! ```
//!
//! [`Machine::apply`] takes the state of a machine and an [`Event`], and gives the next state with the [`Effect`]s that it
//! asks for, or says in a sentence why the event is not possible now. The caller writes both in one transaction and runs
//! the effects from its store, so that a crash loses none.
//!
//! What the table promises, and its tests check for every state and event:
//!
//! * every state answers [`Machine::boot`]: what a machine gets when it boots from the network;
//! * every transient state has a [`Deadline`] and can be aborted;
//! * nothing but the wish of a user starts an installation, and an installer that has begun is never booted again: there
//!   is no reinstall loop.
//!
//! The statuses and their names follow MAAS's node statuses, as far as this table goes; `Enlisting` and `FailedEnlisting`
//! are ours: MAAS knows a machine only after it has reported.
//!
//! The crate never reads a clock, stores anything, or talks to a machine.
//!
//! ```
//! use firstlight_machine_fsm::{Boot, Effect, Event, Machine, Status};
//!
//! let machine = Machine::Ready;
//! let transition = machine.apply(Event::Deploy)?;
//! assert_eq!(transition.next.status(), Status::Deploying);
//! assert_eq!(transition.effects, [Effect::PowerCycle]);
//! assert_eq!(transition.next.boot(), Boot::Install);
//!
//! let refused = Machine::New.apply(Event::Deploy).unwrap_err();
//! assert_eq!(refused.to_string(), "deploy is not possible while the machine is New: commission it first");
//! # Ok::<(), firstlight_machine_fsm::Rejected>(())
//! ```

mod effect;
mod event;
mod machine;
mod rejected;
mod status;
mod table;

pub use effect::{Effect, Transition};
pub use event::Event;
pub use machine::{Boot, Deadline, Ephemeral, Installation, Machine};
pub use rejected::Rejected;
pub use status::{ParseStatusError, Status};
