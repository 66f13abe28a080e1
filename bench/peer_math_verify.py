"""Checks a file of {gold, prediction} lines with Math-Verify on two processes; prints checks/s and the verdicts as JSON."""

import json
import sys
import time
from multiprocessing import Pool

from math_verify import parse, verify


def check(row):
    return verify(parse(row["gold"], parsing_timeout=2), parse(row["prediction"], parsing_timeout=2), timeout_seconds=2)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        rows = [json.loads(line) for line in file]
    warm_up = int(sys.argv[2])
    with Pool(2) as pool:
        pool.map(check, rows[:warm_up], chunksize=20)
        start = time.perf_counter()
        verdicts = pool.map(check, rows[warm_up:], chunksize=20)
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "checksPerSecond": len(verdicts) / seconds, "right": sum(map(bool, verdicts))}))
