"""Matrix products computed in blocks or row by row equal those that numpy computes."""

import numpy as np
import pytest

from bot.products import dot_products, product


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 1000])
def test_a_product_is_the_same_in_blocks(count: int):
    random = np.random.default_rng(0)
    rows, matrix = random.normal(size=(count, 50)), random.normal(size=(50, 20))
    assert product(rows, matrix).shape == (count, 20)
    assert np.allclose(product(rows, matrix), rows @ matrix)


def test_dot_products_are_of_each_row_with_each_vector():
    rows = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    assert dot_products(rows, np.array([1, 10], np.float32)).tolist() == [21, 43, 65]
    assert dot_products(rows, np.array([[1, 10], [0, 1]], np.float32)).tolist() == [[21, 43, 65], [2, 4, 6]]
    assert dot_products(rows[:0], np.array([1, 10], np.float32)).tolist() == []
