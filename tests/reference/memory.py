"""The tracker's memory as a list of (name, weight), for comparison."""


class NaiveMemory:
    """Names of samples and their weights; those of the first frame (below 0) are replaced if the floor is 0."""

    def __init__(self, names: list[str], size: int, floor: float) -> None:
        self.names, self.size, self.floor = list(names), size, floor
        self.num_init = len(names)
        self.weights = [1 / len(names) for _ in names]

    def add(self, name: str, learning_rate: float) -> None:
        """Append, or replace the oldest that may go (names count up); weigh 1 / (1 - rate) times the one before."""
        later = [i for i, held in enumerate(self.names) if float(held) >= 0]
        newest = max(later, key=lambda i: float(self.names[i]), default=None)
        weight = (learning_rate if newest is None else self.weights[newest]) / (1 - learning_rate)
        if len(self.names) < self.size:
            self.names.append(name)
            self.weights.append(weight)
        else:
            first = [i for i in range(len(self.names)) if i not in later and self.floor == 0]
            oldest = first[0] if first else min(later, key=lambda i: float(self.names[i]))
            self.names[oldest], self.weights[oldest] = name, weight
        total = sum(self.weights)
        self.weights = [w / total for w in self.weights]
        first = sum(self.weights[: self.num_init])
        if first < self.floor:
            rest = 1 - first
            self.weights = [
                self.floor / self.num_init if i < self.num_init else w * (1 - self.floor) / rest
                for i, w in enumerate(self.weights)
            ]
