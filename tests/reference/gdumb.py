"""GDumb: Prabhu, Torr & Dokania 2020, ECCV, Algorithm 1 (the greedy balancing sampler), and its dumb learner."""

from __future__ import annotations

from tests.reference.descent import cross_entropy, descend


def greedy(memory, arrivals, size, chance):
    """Let arrivals pass by the sampler, one after another.

    Args:
        memory: a list of (x, y); changed in place.
        arrivals: of (x, y).
        size: k.
        chance: gives a number in [0, n) for n.
    """
    for x, y in arrivals:
        classes = {label for _, label in memory}
        counts = {label: sum(own == label for _, own in memory) for label in classes | {y}}
        if y not in classes or counts[y] < size / len(classes | {y}):
            if len(memory) >= size:
                largest = max(counts, key=counts.get)
                places = [place for place, (_, own) in enumerate(memory) if own == largest]
                del memory[places[chance(len(places))]]
            memory.append((x, y))


def learn(model, batches, lr, momentum):
    """Train a fresh model on batches of the memory alone."""
    descend(model, lambda x, y: cross_entropy(model(x), y), batches, lr, momentum)
