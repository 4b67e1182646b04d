"""Sparse arrays as entries: a place without one contributes nothing, not even 0 times infinity."""
import numpy as np


class Coo:
    """indices [nnz, 2], in any order; values [nnz], which add up where several stand in one place."""

    def __init__(self, indices, values, shape):
        self.indices, self.values, self.shape = indices, values, tuple(shape)

    def map(self, f):
        return Coo(self.indices, f(self.values), self.shape)

    def __abs__(self):
        return self.map(np.abs)

    @property
    def T(self):
        return Coo(self.indices[:, ::-1], self.values, self.shape[::-1])

    def dense(self):
        out = np.zeros(self.shape, self.values.dtype)
        np.add.at(out, tuple(self.indices.T), self.values)
        return out

    def sum(self, axis):
        out = np.zeros(self.shape[1 - axis], self.values.dtype)
        np.add.at(out, self.indices[:, 1 - axis], self.values)
        return out

    def __matmul__(self, other):
        out = np.zeros((self.shape[0], other.shape[1]), self.values.dtype)
        np.add.at(out, self.indices[:, 0], self.values[:, None] * other[self.indices[:, 1]])
        return out

    def __mul__(self, other):
        return self.map(lambda v: v * other[tuple(self.indices.T)])

    def __repr__(self):
        return f"{self.shape} {[(*map(int, i), v) for i, v in zip(self.indices, self.values.tolist())]}"
