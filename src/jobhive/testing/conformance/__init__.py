'''The promises of `jobhive.store.port`, as tests that every storage engine passes.

A new engine gives one fixture and inherits the suite; nothing of the suite is changed for it:

```python
import pytest
from jobhive.testing.conformance.suite import StoreConformance
from jobhive.testing.stores import StoreMaker

class TestMyStore(StoreConformance):
    sees_dead_workers = False  # only where `Workers.dead` can never know

    @pytest.fixture
    def make_store(self, my_database: str) -> StoreMaker:
        """A fresh database for each test; `my_package.stores:open_here` takes its location and returns a store."""
        return StoreMaker("my_package.stores:open_here", my_database)
```

The function named in the `StoreMaker` must be importable in a fresh Python process, because some promises are about
several processes. pytest-asyncio has to run in `asyncio_mode = "auto"`.

The promises stand in `promises/`, one file per act. What they leave open (the texts of errors, the codes of crashes)
an engine may choose.
'''

import pytest

pytest.register_assert_rewrite(f"{__name__}.promises")
