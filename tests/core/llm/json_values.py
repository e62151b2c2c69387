"""Made-up JSON values and prose, full of what trips readers."""

from hypothesis import strategies as st

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00") | st.sampled_from("\"'{}[],:\\\n“"),
    max_size=12,
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)
PROSE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00{}[]"), max_size=30
)
