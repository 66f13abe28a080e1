"""Writes scipy.json: means, intervals and gap closures of made-up accuracies, by SciPy.

    pip install scipy==1.17.1 && python3 test/experiment/statistics/scipy_numbers.py

Student's interval is scipy.stats.t.interval. Fieller's interval is found without its formula: the g between which the
t test of N - g*D (paired by seed) does not reject 0, by scipy.stats.ttest_1samp and scipy.optimize.brentq.
The interval over tasks is scipy.stats.bootstrap's, method 'percentile'.
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats

rng = np.random.default_rng(7)


def interval(values):
    n = len(values)
    low, high = stats.t.interval(0.95, n - 1, loc=np.mean(values), scale=stats.sem(values))
    return [float(low), float(high)]


def mean_case(values):
    values = [round(float(v), 4) for v in values]
    return {"values": values, "value": float(np.mean(values)), "interval": interval(values)}


def p_value(g, top, bottom):
    return stats.ttest_1samp(top - g * bottom, 0).pvalue


def fieller(top, bottom):
    """Both ends of { g : p >= 0.05 }, searched outwards from the ratio of the means, where p is 1."""
    centre = top.mean() / bottom.mean()
    ends = []
    for sign in (-1, 1):
        width = 1e-3
        while p_value(centre + sign * width, top, bottom) > 0.05 and width < 1e9:
            width *= 1.3
        ends.append(optimize.brentq(lambda g: p_value(g, top, bottom) - 0.05, *sorted((centre, centre + sign * width)), xtol=1e-14))
    return ends


def gap_case(lora, afa, full):
    lora, afa, full = (np.round(np.array(v, dtype=float), 4) for v in (lora, afa, full))
    top, bottom = afa - lora, full - lora
    low, high = interval(bottom)
    case = {"lora": lora.tolist(), "afaLora": afa.tolist(), "full": full.tolist()}
    if low <= 0 <= high:
        return {**case, "value": None, "interval": None, "why": "noise"}
    if high < 0:
        return {**case, "value": None, "interval": None, "why": "worse"}
    return {**case, "value": float(top.mean() / bottom.mean()), "interval": fieller(top, bottom), "why": None}


def made_up(seeds, means, spread):
    return [m + spread * rng.standard_normal(seeds) for m in means]


gaps = [gap_case(*made_up(n, means, spread)) for n in (2, 3, 5, 10) for means, spread in (
    ((0.85, 0.86, 0.88), 0.002), ((0.80, 0.84, 0.90), 0.01), ((0.50, 0.50, 0.60), 0.02), ((0.90, 0.89, 0.91), 0.01))]
gaps.append(gap_case(*made_up(5, (0.80, 0.82, 0.80), 0.01)))
gaps.append(gap_case(*made_up(5, (0.80, 0.82, 0.70), 0.01)))

tasks = [(rng.random(200) < p).astype(float).tolist() for p in (0.1, 0.5, 0.93)]
boot = [stats.bootstrap((np.array(t),), np.mean, method="percentile", n_resamples=200_000, random_state=1).confidence_interval for t in tasks]

numbers = {
    "means": [mean_case(0.8 + 0.05 * rng.standard_normal(n)) for n in (2, 3, 4, 5, 8, 20)],
    "gaps": gaps,
    "overTasks": [{"values": t, "interval": [float(b.low), float(b.high)]} for t, b in zip(tasks, boot)],
}
Path(__file__).with_name("scipy.json").write_text(json.dumps(numbers) + "\n")
