"""Small articles for several tests, and words in place of a model's tokens."""

import re
from collections.abc import Sequence


def word_starts(texts: Sequence[str]) -> list[Sequence[int]]:
    """Return the offsets of words, in place of the offsets of a model's tokens."""
    return [[word.start() for word in re.finditer(r"\S+", text)] for text in texts]


NOTICE = """---
title: Notice period
date: 2026-01-05
updated: 2026-02-01
category: HRM
url: https://example.com/notice-period/
related: [gratuity]
---

A notice period is the time between resignation and the last working day.

## How long it runs

Most contracts name thirty to ninety days.

## FAQs

### Can a notice period be bought out?

Yes, when the contract allows it and the employer agrees.

### Does leave count towards the notice period?

Only if the employer approves it in writing.
"""

GRATUITY = """---
title: Gratuity
date: 2025-12-01
category: EPFO
url: https://example.com/gratuity/
---

Gratuity is a lump sum for long service.

## FAQs

### Who pays gratuity?

The employer pays it, not the provident fund.
"""

PROBATION = """---
title: Probation letter
date: 2025-10-10
category: HRM
url: https://example.com/probation-letter/
related: [notice-period]
---

A probation letter tells a new employee how long the trial period is.

## FAQs

### How long is a probation period?

It is often three to six months.

### Can a probation period be extended?

Yes, in writing and before it ends.
"""

HOSTILE = """---
title: Markup <i>rules</i>
date: 2025-11-11
category: Web & more
---

## Angle brackets

Zebra striping is typed as &lt;script&gt;alert(1)&lt;/script&gt; and \\*stars\\* and \\[link](javascript:alert(1)) and !\\[pic](http://192.0.2.1/x.png).

| Sign | Name |
| --- | --- |
| &lt;b&gt; | bold \\*tag\\* |
"""

CARD = """---
title: Admit card correction
date: 2025-01-01
category: Admit Cards
---

## FAQs

### How do I correct my name on the admit card?

Write to the board with a copy of your birth certificate.

### How do I correct my photo on the admit card?

Upload a new photo during the correction window.

### How do I correct my signature on the admit card?

Sign at the centre in front of the invigilator.

### How do I correct my category on the admit card?

Send the caste certificate to the regional office.

### When is the admit card of 2025 published?

In March.

### When is the admit card of 2026 published?

In March.
"""
