"""What is taken off a rule's expression to draw it, and how it is narrowed without a label saying more than a value."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.promql import Drawable, Threshold, drawable, narrowed


@pytest.mark.parametrize(
    ("rule", "expr", "threshold"),
    [
        ("demo_free_ratio < 0.1", "demo_free_ratio", Threshold("<", 0.1)),
        ("up == 0", "up", Threshold("==", 0)),
        ("1 - x >= -1e9", "1 - x", Threshold(">=", -1e9)),
        ("count(x{a=~'y|z'}) > (3)", "count(x{a=~'y|z'})", Threshold(">", 3)),
        ("((a > 5))", "a", Threshold(">", 5)),
        ("(a) - (b)", "(a) - (b)", None),
        ("(a + b)", "(a + b)", None),
        ("absent(up)", "absent(up)", None),
        ('x{y=")>1"}', 'x{y=")>1"}', None),
        ("rate(x[5m:1m] offset 1h) != .5", "rate(x[5m:1m] offset 1h)", Threshold("!=", 0.5)),
    ],
)
def test_a_comparison_with_a_number_becomes_the_threshold(rule: str, expr: str, threshold: Threshold | None) -> None:
    assert drawable(rule) == Drawable(expr, threshold)


@pytest.mark.parametrize(
    ("rule", "expr", "threshold"),
    [
        # What is drawn is the first part; the condition beside it stays.
        ("(a / b * 100 < 5 and c == 0)", "(a / b * 100) and c == 0", Threshold("<", 5)),
        ("(a > 1) unless on (pod) b", "(a) unless on (pod) b", Threshold(">", 1)),
        ("(a > 1 and b) AND c", "((a) and b) AND c", Threshold(">", 1)),
        ("a > 1 < 9", "a > 1", Threshold("<", 9)),
        ("a and b > 1", "a and b > 1", None),
        # Two thresholds, or one that is no number: it has values only where it holds.
        ("a > 1 or b > 2", "a > 1 or b > 2", None),
        ("a > on (x) group_left b", "a > on (x) group_left b", None),
        ("a > bool 5", "a > bool 5", None),
        ("a > 5 * 1024", "a > 5 * 1024", None),
    ],
)
def test_what_has_values_only_while_a_condition_holds_says_so(
    rule: str, expr: str, threshold: Threshold | None
) -> None:
    assert drawable(rule) == Drawable(expr, threshold, whole=False)


@pytest.mark.parametrize("rule", ["a) or (b", "a > 1 # x", '"a', "a[5m", "(" * 500 + "a" + ")" * 500, "{a='}"])
def test_what_is_not_surely_understood_is_left_alone_and_never_put_into_another(rule: str) -> None:
    drawn = drawable(rule)

    assert (drawn.expr, drawn.threshold, drawn.sound) == (rule, None, False)
    assert narrowed(drawn, {"namespace": "data"}) == rule


def test_an_expression_is_narrowed_from_outside() -> None:
    found = narrowed(drawable("a > 1"), {"pod": "postgres-1", "namespace": "data", "odd-name": "x"})

    assert found == (
        "(a) and on (namespace, pod)"
        ' label_replace(label_replace(vector(1), "namespace", "data", "", ""), "pod", "postgres-1", "", "")'
    )
    assert narrowed(drawable("a > 1"), {}) == "a"


@given(st.text())
def test_a_label_is_a_value_whatever_it_says(value: str) -> None:
    found = narrowed(drawable("a"), {"pod": value})

    inside = re.fullmatch(
        r'\(a\) and on \(pod\) label_replace\(vector\(1\), "pod", "((?:[^"\\\n]|\\.)*)", "", ""\)', found, re.DOTALL
    )
    assert inside
    unescaped = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), inside[1], flags=re.DOTALL)
    assert unescaped == value.replace("$", "$$")


@given(st.text(alphabet="ab <>=!()[]{}\"'`#\\andor1.", max_size=40))
def test_any_text_is_taken_apart_without_a_fault(rule: str) -> None:
    drawn = drawable(rule)

    assert not drawn.sound or drawable(f"({drawn.expr})").sound
