"""`python3 -m payments PORT FILE`"""

import sys

from payments.metrics import Metrics
from payments.service import Service, log
from payments.store import Store

port, path = int(sys.argv[1]), sys.argv[2]
service = Service(("0.0.0.0", port), Store(path), Metrics())
log(6, f"payments listens on port {port}, ledger {path}")
service.serve_forever()
