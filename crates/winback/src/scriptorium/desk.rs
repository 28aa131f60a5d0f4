//! The thread that owns the engine: it takes orders between two steps, and hands out what each step gives.
use crate::telemetry::say;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use winback_core::text_service::{TextEnded, TextEvent};
use winback_lm::{Ended, Engine, Event, RefusedRequest, Request, RequestId, WriteError};

/// A text to be written.
pub(super) struct Order {
    pub request: Request,
    /// Where its events go; there is room for all of them. Closed, it is no longer wanted.
    pub events: Sender<TextEvent>,
    /// Whether it was taken.
    pub reply: oneshot::Sender<Result<(), RefusedRequest>>,
}

/// What can be seen from outside.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    pub waiting: AtomicUsize,
    pub running: AtomicUsize,
    /// What shared beginnings have brought, and what they take.
    pub shared: AtomicU64,
    pub shared_tokens: AtomicU64,
    pub shared_bytes: AtomicUsize,
    /// Texts that were written to their end, and how long they took together.
    pub texts: AtomicU64,
    pub milliseconds: AtomicU64,
}

/// The texts under way, and where their events go.
type Readers = BTreeMap<RequestId, Sender<TextEvent>>;

/// Works until nobody can send orders any more and all texts are written.
pub(super) fn work(mut engine: Engine, orders: &mpsc::Receiver<Order>, gauges: &Gauges) {
    let mut readers = Readers::new();
    loop {
        if readers.is_empty() {
            match orders.recv() {
                Ok(order) => take(order, &mut engine, &mut readers),
                Err(mpsc::RecvError) => return,
            }
        }
        orders.try_iter().for_each(|order| take(order, &mut engine, &mut readers));
        readers.retain(|id, events| {
            if events.is_closed() {
                engine.cancel(*id);
            }
            !events.is_closed()
        });
        show(&engine, gauges);
        match engine.step() {
            Ok(events) => events.into_iter().for_each(|event| hand_out(event, &mut readers)),
            Err(error) => {
                say(&format!("error: the model failed, {} texts are lost: {:#}", readers.len(), anyhow::Error::new(error)));
                for (id, events) in std::mem::take(&mut readers) {
                    engine.cancel(id);
                    // A reader that is gone needs no word.
                    let _ = events.try_send(TextEvent::Failed { why: None });
                }
            }
        }
        show(&engine, gauges);
    }
}

fn show(engine: &Engine, gauges: &Gauges) {
    gauges.waiting.store(engine.waiting(), Ordering::Relaxed);
    gauges.running.store(engine.running(), Ordering::Relaxed);
    let sharing = engine.sharing();
    gauges.shared.store(sharing.hits, Ordering::Relaxed);
    gauges.shared_tokens.store(sharing.tokens, Ordering::Relaxed);
    gauges.shared_bytes.store(sharing.bytes, Ordering::Relaxed);
}

fn take(order: Order, engine: &mut Engine, readers: &mut Readers) {
    let taken = engine.submit(order.request).map(|id| drop(readers.insert(id, order.events)));
    // Whoever asked may be gone; then the events are closed, too, and the text is cancelled before the next step.
    let _ = order.reply.send(taken);
}

fn hand_out(event: Event, readers: &mut Readers) {
    let (id, event, is_last) = match event {
        Event::Text { request, text } => (request, TextEvent::Text(text), false),
        Event::Done { request, why, tokens, cached } => {
            let why = if why == Ended::Length { TextEnded::Length } else { TextEnded::Stop };
            (request, TextEvent::Done { why, tokens, cached }, true)
        }
        Event::Failed { request, why: WriteError::Guide(why) } => (request, TextEvent::Failed { why: Some(why.to_string()) }, true),
        Event::Failed { request, why: WriteError::Forward(why) } => {
            say(&format!("error: a text is lost: {why}"));
            (request, TextEvent::Failed { why: None }, true)
        }
    };
    // There is room for every event of a text, so only a closed channel refuses one; the next turn cancels it.
    let _ = readers.get(&id).map(|events| events.try_send(event));
    if is_last {
        readers.remove(&id);
    }
}
