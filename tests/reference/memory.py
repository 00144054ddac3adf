"""The tracker's memory as a list of (name, weight), for comparison."""


class NaiveMemory:
    """Names of samples and their weights; the first ``num_init`` are never replaced."""

    def __init__(self, names: list[str], size: int, floor: float) -> None:
        self.names, self.size, self.floor = list(names), size, floor
        self.num_init = len(names)
        self.weights = [1 / len(names) for _ in names]

    def add(self, name: str, learning_rate: float) -> None:
        """Append, or replace the lightest later sample; then weigh anew."""
        if len(self.names) < self.size:
            self.names.append(name)
            self.weights.append(0.0)
            place = len(self.names) - 1
        else:
            later = range(self.num_init, self.size)
            place = min(later, key=lambda i: self.weights[i])
            self.names[place] = name
        others = sum(w for i, w in enumerate(self.weights) if i != place)
        self.weights = [w * (1 - learning_rate) / others for w in self.weights]
        self.weights[place] = learning_rate
        first = sum(self.weights[: self.num_init])
        if first < self.floor:
            rest = 1 - first
            self.weights = [
                self.floor / self.num_init if i < self.num_init else w * (1 - self.floor) / rest
                for i, w in enumerate(self.weights)
            ]
