"""A student of Bandits that needs nothing but Python: how often did each arm pay under this cue?"""

import json
import sys

for line in sys.stdin:
    page = json.loads(line)
    if "hello" in page:
        start, where, paid, last = 0, {}, {}, {}
        for signal in page["signals"]:
            where[signal["name"]] = slice(start, start := start + signal["size"])
        print("{}", flush=True)
        continue
    cue, arms, payoff = (page["observation"][where[name]] for name in ("cue", "arms", "payoff"))
    lane = page["lane"]
    if page["wipe"]:
        paid[lane], last[lane] = {}, None
    if last.get(lane) and payoff[0]:
        paid[lane].setdefault(last[lane], [1]).append(payoff[0] > 0)
    rates = [sum(p) / len(p) for p in (paid[lane].get((*cue, a), [1]) for a in range(round(arms[0] * 6)))]
    last[lane] = (*cue, rates.index(max(rates)))
    print(json.dumps({"action": last[lane][-1]}), flush=True)
