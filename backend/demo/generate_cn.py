"""Writes the Chinese demo retailer beside this file: cn-retailer.csv.gz and cn-retailer.json.

    python generate_cn.py            # standard library only
    python generate_cn.py --report   # also prints the figures that README.md quotes

Nobody's real figures: everything here is made up, to show language, currency, time zone and isolation beside the real
retailer. Same seed, same bytes: only `random.Random.random` is used, whose sequence Python guarantees.
"""

import argparse
import csv
import gzip
import io
import json
import random
import statistics
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHANGHAI = timezone(timedelta(hours=8))  # no daylight saving time
FIRST_DAY = date(2025, 3, 3)  # a Monday
DAYS = 12 * 7
REPLAY_DAY = FIRST_DAY + timedelta(weeks=9)  # leaves nine same weekdays as a baseline
SEED = 20250303

# Each row holds the hours since the one before: (local hour of the report, share of the day).
REPORTS = ((10, 0.12), (14, 0.28), (18, 0.27), (22, 0.33))
WEEKDAYS = (0.90, 0.88, 0.92, 0.95, 1.08, 1.22, 1.15)  # Monday first

# key, name, kind, online, visits a day, orders per visit, yuan per order
CHANNELS = (
    ("mini-program", "会员小程序商城", "mini_program", True, 5200, 0.042, 96.0),
    ("store-renmin", "人民路门店", "store", False, 1150, 0.310, 68.0),
    ("store-binjiang", "滨江门店", "store", False, 840, 0.290, 74.0),
    ("live-stream", "品牌直播间", "live_stream", True, 8600, 0.016, 118.0),
    ("community-group", "社群团购", "community_group", True, 1500, 0.085, 52.0),
)

# key, name, channel, first day, days, impressions a day, clicks per impression, yuan per click, budget, line (fen)
CAMPAIGNS = (
    ("member-coupon", "会员日满减券", "mini-program", 0, 84, 30000, 0.021, 0.62, 4_000_000, 3_800_000),
    ("live-ads", "直播间引流投放", "live-stream", 63, 21, 62000, 0.018, 0.85, 2_500_000, 2_000_000),
    ("newcomer-gift", "小程序新人礼包", "mini-program", 42, 42, 18000, 0.026, 0.70, 1_800_000, 1_700_000),
    ("group-week", "社群拼团周", "community-group", 21, 14, 12000, 0.034, 0.40, 300_000, None),
)

# The two incidents. Payment on the mini program fails for most shoppers from the Wednesday to the Thursday of the
# first replay week: visits stay, orders and sales do not.
PAYMENT_FAILS = range(63 + 2, 63 + 4)
PAYMENT_LEFT = 0.30
# From the Tuesday of the second replay week on, a wrong bid makes the live-stream clicks three times as dear.
BID_WRONG_FROM = 70 + 1
BID_FACTOR = 3.0


def noise(dice, spread):
    """A factor around 1 with about this relative standard deviation: the mean of four even draws."""
    return 1 + spread * 3.46 * (sum(dice.random() for _ in range(4)) / 4 - 0.5) * 2


def at(day, hour):
    local = datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)
    return local.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def rows():
    dice = random.Random(SEED)
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        for key, _, _, _, visits_a_day, rate, basket in CHANNELS:
            busy = WEEKDAYS[day.weekday()] * (1 + 0.0008 * number) * noise(dice, 0.05)
            failing = key == "mini-program" and number in PAYMENT_FAILS
            for hour, share in REPORTS:
                visits = round(visits_a_day * busy * share * noise(dice, 0.04))
                orders = round(visits * rate * noise(dice, 0.05) * (PAYMENT_LEFT if failing else 1))
                sales = orders * basket * noise(dice, 0.04)
                yield (at(day, hour), key, "", "visits", str(visits))
                yield (at(day, hour), key, "", "orders", str(orders))
                yield (at(day, hour), key, "", "sales", f"{sales:.2f}")
        for key, _, channel, first, days, impressions_a_day, rate, price, _, _ in CAMPAIGNS:
            if not first <= number < first + days:
                continue
            dear = BID_FACTOR if key == "live-ads" and number >= BID_WRONG_FROM else 1.0
            for hour, share in REPORTS:
                impressions = round(impressions_a_day * WEEKDAYS[day.weekday()] * share * noise(dice, 0.06))
                clicks = round(impressions * rate * noise(dice, 0.05))
                yield (at(day, hour), channel, key, "impressions", str(impressions))
                yield (at(day, hour), channel, key, "clicks", str(clicks))
                yield (at(day, hour), channel, key, "spend", f"{clicks * price * dear * noise(dice, 0.04):.2f}")


def describe():
    return {
        "name": "禾田优选",
        "locale": "zh-CN",
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
        "replay_from": at(REPLAY_DAY, 0),
        "channels": [{"key": c[0], "name": c[1], "kind": c[2], "online": c[3]} for c in CHANNELS],
        "campaigns": [
            {
                "key": c[0],
                "name": c[1],
                "starts_on": (FIRST_DAY + timedelta(days=c[3])).isoformat(),
                "ends_on": (FIRST_DAY + timedelta(days=c[3] + c[4] - 1)).isoformat(),
                "budget_minor": c[8],
                "stop_loss_minor": c[9],
            }
            for c in CAMPAIGNS
        ],
    }


def report(made, about):
    totals = {}
    for _, _, _, metric, value in made:
        totals.setdefault(metric, []).append(float(value))
    for metric, values in sorted(totals.items()):
        print(metric, len(values), f"{sum(values):.2f}")
    for campaign in about["campaigns"]:
        total, passed = 0.0, None
        for when, _, key, metric, value in made:
            if key == campaign["key"] and metric == "spend":
                total += float(value)
                if passed is None and campaign["stop_loss_minor"] and total * 100 > campaign["stop_loss_minor"]:
                    passed = (when, f"{total:.2f}")
        print(campaign["key"], f"spend {total:.2f} budget {campaign['budget_minor'] / 100:.2f} passed {passed}")
    for metric in ("sales", "orders", "visits"):
        for channel in about["channels"]:
            days = {}
            for when, key, _, kind, value in made:
                if key == channel["key"] and kind == metric:
                    local = datetime.fromisoformat(when.replace("Z", "+00:00")).astimezone(SHANGHAI).date()
                    days[local] = days.get(local, 0.0) + float(value)
            for day in sorted(d for d in days if d >= REPLAY_DAY):
                same = [days[day - timedelta(weeks=w)] for w in range(1, 9)]
                mean, sigma = statistics.mean(same), statistics.stdev(same)
                z = (days[day] - mean) / sigma
                if z < -2:
                    print(f"| {metric} | {channel['key']} | {day:%a %Y-%m-%d} | {days[day]:.2f} | {mean:.2f} | {sigma:.2f} | {z:.2f} |")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--report", action="store_true")
    options = options.parse_args()
    made, about = sorted(rows()), describe()
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["at", "channel", "campaign", "metric", "value"])
    out.writerows(made)
    packed = gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)
    (HERE / "cn-retailer.csv.gz").write_bytes(packed)
    (HERE / "cn-retailer.json").write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"cn-retailer: {len(made)} rows, {len(packed)} bytes")
    if options.report:
        report(made, about)


if __name__ == "__main__":
    main()
