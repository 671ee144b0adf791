//! The standard metrics, of every kind.
//!
//! One line per metric, so that the list can be read as the table it is. Formulas are the field's usual
//! ones (return on investment = (return - cost) / cost; return on ad spend = revenue / cost; net promoter
//! score = promoters' share - detractors' share). Parts of ratios that are levels by nature (members, stock) come as
//! day sums: one sample a day, so that the ratio of two sums is the average over the window. The parts of two ratios are
//! distinct counts (`visit_frequency`, `campaign_conversion_rate`): they have a value for a period whose people the
//! source counted, and none for any other. Sales growth and market share are held against a sum that the retailer
//! sends for the same days; the lift of members compares, and proves no cause.

use super::model::Direction::{self, HigherIsBetter, LowerIsBetter, Neutral};
use super::model::Family::{self, Behaviour, Brand, Data, Financial, Service};
use super::model::Term::{self, Minus, Plus};
use super::model::{Kind, Metric};
use super::unit::Text;
use super::unit::Unit::{self, Count, Days, Milliseconds, Minutes, Money, Per, Percent, Points, Rank, Seconds, Times};

/// A sum of whole things.
const fn count(
    key: &'static str,
    en: &'static str,
    zh: &'static str,
    classifier: &'static str,
    direction: Direction,
    family: Family,
) -> Metric {
    Metric { whole: true, ..sum(key, en, zh, Count(classifier), direction, family) }
}

/// A sum that may have a fraction.
const fn sum(
    key: &'static str,
    en: &'static str,
    zh: &'static str,
    unit: Unit<'static>,
    direction: Direction,
    family: Family,
) -> Metric {
    Metric {
        key,
        name: Text { en, zh },
        unit,
        kind: Kind::Sum,
        direction,
        family,
        whole: false,
        may_be_negative: false,
    }
}

/// The terms of a ratio, and what the quotient is multiplied with.
type Formula = (&'static [Term<'static>], &'static [Term<'static>], f64);

/// A ratio of sums. It may be negative when a term of the numerator is taken away.
const fn ratio(
    key: &'static str,
    en: &'static str,
    zh: &'static str,
    unit: Unit<'static>,
    direction: Direction,
    family: Family,
    (numerator, denominator, factor): Formula,
) -> Metric {
    let may_be_negative = numerator.len() > 1;
    Metric {
        key,
        name: Text { en, zh },
        unit,
        kind: Kind::Ratio { numerator, denominator, factor },
        direction,
        family,
        whole: false,
        may_be_negative,
    }
}

/// A count of different people, as the source counted them.
const fn distinct(key: &'static str, en: &'static str, zh: &'static str, family: Family) -> Metric {
    Metric { kind: Kind::Distinct, ..count(key, en, zh, "人", HigherIsBetter, family) }
}

/// A level, which may add up over channels or not.
const fn level(metric: Metric, adds: bool) -> Metric {
    Metric { kind: Kind::Level { adds }, ..metric }
}

/// How long something takes: shorter is better.
const fn duration(
    key: &'static str,
    en: &'static str,
    zh: &'static str,
    unit: Unit<'static>,
    family: Family,
) -> Metric {
    Metric { kind: Kind::Duration, ..sum(key, en, zh, unit, LowerIsBetter, family) }
}

/// What a model reckons.
const fn model(metric: Metric) -> Metric {
    Metric { kind: Kind::Model, ..metric }
}

/// What follows from others by a formula that is no ratio of sums.
const fn derived(metric: Metric, formula: &'static str) -> Metric {
    Metric { kind: Kind::Formula(formula), may_be_negative: true, ..metric }
}

/// The same sum, for things that can shrink.
const fn signed(metric: Metric) -> Metric {
    Metric { may_be_negative: true, ..metric }
}

/// By how much more of the buyers among members buy again than of the others, in per cent of the others' share.
const MEMBER_LIFT: &str = "100 * (member_repeat_buyers / member_buyers) \
    / ((repeat_buyers - member_repeat_buyers) / (buyers - member_buyers)) - 100";

#[rustfmt::skip]
static ALL: &[Metric] = &[
    // Website and app.
    count("visits", "Visits", "访问量", "次", HigherIsBetter, Behaviour),
    count("visitors", "Visitors (as reported)", "访客数", "人", HigherIsBetter, Behaviour),
    distinct("unique_visitors", "Unique visitors", "独立访客数", Behaviour),
    distinct("active_users", "Active users", "活跃用户数", Behaviour),
    count("new_users", "New users", "新增用户数", "人", HigherIsBetter, Behaviour),
    count("organic_visits", "Organic visits", "自然流量", "次", HigherIsBetter, Behaviour),
    count("marketing_visits", "Marketing-driven visits", "营销引导流量", "次", HigherIsBetter, Behaviour),
    count("page_views", "Page views", "页面浏览量", "次", HigherIsBetter, Behaviour),
    sum("page_seconds", "Seconds on pages", "页面停留总时长", Seconds, HigherIsBetter, Behaviour),
    duration("page_load_time", "Page load time", "页面加载时间", Milliseconds, Service),
    count("buyers", "Buyers (as reported)", "购买人数", "人", HigherIsBetter, Behaviour),
    count("funnel_entered", "Funnel step entered", "漏斗步骤进入人数", "人", HigherIsBetter, Behaviour),
    count("funnel_continued", "Funnel step passed", "漏斗步骤通过人数", "人", HigherIsBetter, Behaviour),
    count("cohort_users", "Users in the cohort", "队列用户数", "人", Neutral, Behaviour),
    count("returned_users", "Users who came back", "回访用户数", "人", HigherIsBetter, Behaviour),
    count("app_installed_days", "App installed, days x users", "APP装机人天", "人天", Neutral, Behaviour),
    count("app_opened_days", "App opened, days x users", "APP打开人天", "人天", HigherIsBetter, Behaviour),
    count("app_installs_at_start", "App installs at the start", "期初装机量", "台", Neutral, Behaviour),
    count("app_uninstalls", "App uninstalls", "卸载量", "台", LowerIsBetter, Behaviour),
    count("payment_attempts", "Payment attempts", "支付发起数", "笔", Neutral, Service),
    count("payments_succeeded", "Payments succeeded", "支付成功数", "笔", HigherIsBetter, Service),
    ratio("time_on_page", "Time on page", "停留时长", Seconds, HigherIsBetter, Behaviour, (&[Plus("page_seconds")], &[Plus("page_views")], 1.0)),
    ratio("visit_frequency", "Visit frequency", "访问频率", Per("次/人"), HigherIsBetter, Behaviour, (&[Plus("visits")], &[Plus("unique_visitors")], 1.0)),
    ratio("conversion_rate", "Conversion rate", "转化率", Percent, HigherIsBetter, Behaviour, (&[Plus("buyers")], &[Plus("visitors")], 100.0)),
    ratio("funnel_step_rate", "Funnel step rate", "漏斗步骤转化率", Percent, HigherIsBetter, Behaviour, (&[Plus("funnel_continued")], &[Plus("funnel_entered")], 100.0)),
    ratio("retention_rate", "Retention", "留存率", Percent, HigherIsBetter, Behaviour, (&[Plus("returned_users")], &[Plus("cohort_users")], 100.0)),
    ratio("app_open_rate", "App open rate", "APP打开率", Percent, HigherIsBetter, Behaviour, (&[Plus("app_opened_days")], &[Plus("app_installed_days")], 100.0)),
    ratio("app_uninstall_rate", "App uninstall rate", "卸载率", Percent, LowerIsBetter, Behaviour, (&[Plus("app_uninstalls")], &[Plus("app_installs_at_start")], 100.0)),
    ratio("payment_success_rate", "Payment success", "支付成功率", Percent, HigherIsBetter, Service, (&[Plus("payments_succeeded")], &[Plus("payment_attempts")], 100.0)),
    // E-mail and SMS.
    count("sent", "Messages sent", "发送量", "封", Neutral, Behaviour),
    count("automated_sends", "Messages sent automatically", "自动化发送量", "封", HigherIsBetter, Behaviour),
    count("delivered", "Messages delivered", "送达量", "封", HigherIsBetter, Behaviour),
    count("unique_opens", "Unique opens", "打开人数", "人", HigherIsBetter, Behaviour),
    count("unique_clicks", "Unique clicks", "点击人数", "人", HigherIsBetter, Behaviour),
    ratio("delivery_rate", "Delivery rate", "送达率", Percent, HigherIsBetter, Behaviour, (&[Plus("delivered")], &[Plus("sent")], 100.0)),
    ratio("open_rate", "Open rate", "打开率", Percent, HigherIsBetter, Behaviour, (&[Plus("unique_opens")], &[Plus("delivered")], 100.0)),
    ratio("click_rate", "Click rate of messages", "消息点击率", Percent, HigherIsBetter, Behaviour, (&[Plus("unique_clicks")], &[Plus("delivered")], 100.0)),
    ratio("message_conversion_rate", "Conversion of messages", "消息转化率", Percent, HigherIsBetter, Behaviour, (&[Plus("buyers")], &[Plus("delivered")], 100.0)),
    ratio("automation_coverage", "Automation coverage", "自动化营销覆盖率", Percent, HigherIsBetter, Behaviour, (&[Plus("automated_sends")], &[Plus("sent")], 100.0)),
    // Search.
    count("organic_search_visits", "Organic search visits", "自然搜索流量", "次", HigherIsBetter, Behaviour),
    count("store_reviews", "Store reviews", "在线评价数", "条", HigherIsBetter, Brand),
    sum("rank_impressions", "Rank x impressions", "排名加权曝光量", Count("位次"), Neutral, Brand),
    ratio("keyword_rank", "Keyword rank", "关键词排名", Rank, LowerIsBetter, Brand, (&[Plus("rank_impressions")], &[Plus("impressions")], 1.0)),
    level(sum("keyword_position", "Keyword position (as reported)", "关键词位次", Rank, LowerIsBetter, Brand), false),
    // Social and content.
    level(count("followers", "Followers", "粉丝数", "人", HigherIsBetter, Brand), true),
    signed(count("net_new_followers", "Net new followers", "粉丝净增", "人", HigherIsBetter, Brand)),
    count("impressions", "Impressions", "曝光量", "次", HigherIsBetter, Brand),
    count("views", "Views", "浏览量", "次", HigherIsBetter, Brand),
    count("reads", "Reads", "阅读量", "次", HigherIsBetter, Brand),
    count("shares", "Shares", "分享量", "次", HigherIsBetter, Brand),
    count("engagements", "Engagements", "互动量", "次", HigherIsBetter, Brand),
    count("clicks", "Clicks", "点击量", "次", HigherIsBetter, Behaviour),
    count("brand_mentions", "Brand mentions", "品牌声量", "次", HigherIsBetter, Brand),
    count("scored_mentions", "Mentions scored", "已判定提及数", "条", Neutral, Brand),
    count("negative_mentions", "Negative mentions", "负面提及数", "条", LowerIsBetter, Brand),
    ratio("ctr", "Click-through rate (CTR)", "点击率", Percent, HigherIsBetter, Behaviour, (&[Plus("clicks")], &[Plus("impressions")], 100.0)),
    ratio("engagement_rate", "Engagement rate", "互动率", Percent, HigherIsBetter, Brand, (&[Plus("engagements")], &[Plus("impressions")], 100.0)),
    ratio("share_rate", "Share rate", "分享率", Percent, HigherIsBetter, Brand, (&[Plus("shares")], &[Plus("views")], 100.0)),
    ratio("read_rate", "Read rate", "阅读率", Percent, HigherIsBetter, Brand, (&[Plus("reads")], &[Plus("impressions")], 100.0)),
    ratio("negative_share", "Negative share", "负面占比", Percent, LowerIsBetter, Brand, (&[Plus("negative_mentions")], &[Plus("scored_mentions")], 100.0)),
    // Stores, stock, coupons.
    count("footfall", "Footfall", "客流量", "人次", HigherIsBetter, Behaviour),
    count("transactions", "Store transactions", "门店交易数", "笔", HigherIsBetter, Financial),
    duration("queue_time", "Queue time", "排队时长", Seconds, Service),
    sum("units_sold", "Units sold", "销售件数", Count("件"), HigherIsBetter, Financial),
    sum("units_received", "Units received", "到货件数", Count("件"), Neutral, Service),
    sum("cost_of_goods_sold", "Cost of goods sold", "销售成本", Money, Neutral, Financial),
    sum("stock_value_days", "Stock value, day by day", "库存金额日累计", Money, Neutral, Financial),
    sum("slow_stock_value_days", "Slow stock value, day by day", "滞销库存金额日累计", Money, LowerIsBetter, Financial),
    count("sku_days", "SKU-days", "在售SKU天数", "天", Neutral, Service),
    count("out_of_stock_sku_days", "SKU-days out of stock", "缺货SKU天数", "天", LowerIsBetter, Service),
    count("coupons_issued", "Coupons issued", "发券量", "张", Neutral, Behaviour),
    count("coupons_redeemed", "Coupons redeemed", "核销量", "张", HigherIsBetter, Behaviour),
    count("coupon_orders", "Orders with a coupon", "用券订单数", "单", HigherIsBetter, Financial),
    ratio("store_conversion_rate", "Store conversion", "门店转化率", Percent, HigherIsBetter, Behaviour, (&[Plus("transactions")], &[Plus("footfall")], 100.0)),
    ratio("sell_through_rate", "Sell-through", "售罄率", Percent, HigherIsBetter, Financial, (&[Plus("units_sold")], &[Plus("units_received")], 100.0)),
    ratio("inventory_turnover", "Inventory turnover, per year", "库存周转率（年化）", Times, HigherIsBetter, Financial, (&[Plus("cost_of_goods_sold")], &[Plus("stock_value_days")], 365.0)),
    ratio("stock_out_rate", "Stock-out rate", "缺货率", Percent, LowerIsBetter, Service, (&[Plus("out_of_stock_sku_days")], &[Plus("sku_days")], 100.0)),
    ratio("slow_stock_share", "Slow stock share", "滞销库存占比", Percent, LowerIsBetter, Financial, (&[Plus("slow_stock_value_days")], &[Plus("stock_value_days")], 100.0)),
    ratio("coupon_redemption_rate", "Coupon redemption", "券核销率", Percent, HigherIsBetter, Behaviour, (&[Plus("coupons_redeemed")], &[Plus("coupons_issued")], 100.0)),
    ratio("coupon_order_share", "Share of orders with a coupon", "用券订单占比", Percent, Neutral, Financial, (&[Plus("coupon_orders")], &[Plus("orders")], 100.0)),
    // Members and service.
    level(count("members", "Members", "会员数", "人", HigherIsBetter, Behaviour), false),
    count("member_days", "Members, day by day", "会员人天", "人天", HigherIsBetter, Behaviour),
    count("active_member_days", "Active members, day by day", "活跃会员人天", "人天", HigherIsBetter, Behaviour),
    count("tagged_member_days", "Members with a core tag, day by day", "已打核心标签会员人天", "人天", HigherIsBetter, Data),
    count("repeat_buyers", "Repeat buyers", "复购人数", "人", HigherIsBetter, Behaviour),
    count("member_buyers", "Buyers who are members", "会员购买人数", "人", HigherIsBetter, Behaviour),
    count("member_repeat_buyers", "Repeat buyers who are members", "会员复购人数", "人", HigherIsBetter, Behaviour),
    count("members_at_start", "Members at the start", "期初会员数", "人", Neutral, Behaviour),
    count("lost_members", "Members lost", "流失会员数", "人", LowerIsBetter, Behaviour),
    count("survey_answers", "Survey answers", "满意度评价数", "份", Neutral, Service),
    count("satisfied_answers", "Satisfied answers", "满意评价数", "份", HigherIsBetter, Service),
    count("nps_answers", "NPS answers", "净推荐问卷数", "份", Neutral, Service),
    count("promoters", "Promoters", "推荐者人数", "人", HigherIsBetter, Service),
    count("detractors", "Detractors", "贬损者人数", "人", LowerIsBetter, Service),
    count("complaints", "Complaints", "投诉量", "件", LowerIsBetter, Service),
    count("requests_due", "Requests due", "应响应请求数", "件", Neutral, Service),
    count("requests_answered_in_24h", "Requests answered in 24 h", "24小时内响应数", "件", HigherIsBetter, Service),
    duration("first_response", "First response", "首次响应时长", Minutes, Service),
    count("returned_orders", "Orders returned", "退换货订单数", "单", LowerIsBetter, Service),
    ratio("active_member_rate", "Active member rate", "会员活跃率", Percent, HigherIsBetter, Behaviour, (&[Plus("active_member_days")], &[Plus("member_days")], 100.0)),
    ratio("repurchase_rate", "Repurchase rate", "复购率", Percent, HigherIsBetter, Behaviour, (&[Plus("repeat_buyers")], &[Plus("buyers")], 100.0)),
    ratio("purchase_frequency", "Purchase frequency", "购买频率", Per("单/人"), HigherIsBetter, Behaviour, (&[Plus("orders")], &[Plus("buyers")], 1.0)),
    derived(sum("member_lift", "Lift of members' repurchase (a comparison, not a cause)", "会员复购提升", Percent, HigherIsBetter, Behaviour), MEMBER_LIFT),
    ratio("churn_rate", "Churn rate", "流失率", Percent, LowerIsBetter, Behaviour, (&[Plus("lost_members")], &[Plus("members_at_start")], 100.0)),
    model(sum("ltv", "Customer lifetime value (LTV)", "用户生命周期价值", Money, HigherIsBetter, Financial)),
    ratio("csat", "Satisfaction (CSAT)", "满意度", Percent, HigherIsBetter, Service, (&[Plus("satisfied_answers")], &[Plus("survey_answers")], 100.0)),
    ratio("nps", "Net promoter score (NPS)", "净推荐值", Points, HigherIsBetter, Service, (&[Plus("promoters"), Minus("detractors")], &[Plus("nps_answers")], 100.0)),
    ratio("complaint_rate", "Complaint rate", "投诉率", Percent, LowerIsBetter, Service, (&[Plus("complaints")], &[Plus("orders")], 100.0)),
    ratio("answered_in_24h_rate", "Answered in 24 h", "24小时响应率", Percent, HigherIsBetter, Service, (&[Plus("requests_answered_in_24h")], &[Plus("requests_due")], 100.0)),
    ratio("return_rate", "Return rate", "退换货率", Percent, LowerIsBetter, Service, (&[Plus("returned_orders")], &[Plus("orders")], 100.0)),
    // Data quality.
    count("checked_values", "Field values checked", "已核验字段值数", "个", Neutral, Data),
    count("correct_values", "Field values correct", "正确字段值数", "个", HigherIsBetter, Data),
    ratio("data_accuracy", "Data accuracy", "数据准确率", Percent, HigherIsBetter, Data, (&[Plus("correct_values")], &[Plus("checked_values")], 100.0)),
    ratio("tag_coverage", "Tag coverage", "标签覆盖率", Percent, HigherIsBetter, Data, (&[Plus("tagged_member_days")], &[Plus("member_days")], 100.0)),
    // Campaigns.
    count("participations", "Participations", "参与人次", "人次", HigherIsBetter, Behaviour),
    distinct("participants", "Participants", "参与人数", Behaviour),
    count("new_customers", "New customers", "新客数", "人", HigherIsBetter, Behaviour),
    count("leads", "Leads", "线索数", "条", HigherIsBetter, Behaviour),
    count("actions", "Actions", "行动数", "次", HigherIsBetter, Behaviour),
    count("referred_new_users", "Referred new users", "裂变新增", "人", HigherIsBetter, Behaviour),
    count("new_plays", "New plays", "新玩法数", "个", HigherIsBetter, Brand),
    count("pilots_completed", "Pilots completed", "试点完成数", "个", HigherIsBetter, Brand),
    duration("time_to_launch", "Time to launch", "上线周期", Days, Behaviour),
    duration("alert_to_acknowledgement", "Alert to acknowledgement", "预警认领时长", Minutes, Service),
    duration("alert_to_action", "Alert to action", "处置时长", Minutes, Service),
    sum("planned_spend", "Planned spend", "预算金额", Money, Neutral, Financial),
    ratio("campaign_conversion_rate", "Campaign conversion", "活动转化率", Percent, HigherIsBetter, Behaviour, (&[Plus("buyers")], &[Plus("participants")], 100.0)),
    ratio("cac", "Customer acquisition cost (CAC)", "获客成本", Money, LowerIsBetter, Financial, (&[Plus("spend")], &[Plus("new_customers")], 1.0)),
    ratio("cost_per_lead", "Cost per lead", "线索成本", Money, LowerIsBetter, Financial, (&[Plus("spend")], &[Plus("leads")], 1.0)),
    ratio("cpc", "Cost per click (CPC)", "单次点击成本", Money, LowerIsBetter, Financial, (&[Plus("spend")], &[Plus("clicks")], 1.0)),
    ratio("cpm", "Cost per 1,000 impressions (CPM)", "千次曝光成本", Money, LowerIsBetter, Financial, (&[Plus("spend")], &[Plus("impressions")], 1000.0)),
    ratio("cpa", "Cost per action (CPA)", "单次行动成本", Money, LowerIsBetter, Financial, (&[Plus("spend")], &[Plus("actions")], 1.0)),
    ratio("budget_use", "Budget use", "预算执行率", Percent, Neutral, Financial, (&[Plus("spend")], &[Plus("planned_spend")], 100.0)),
    // Finance. Sales are before returns: money paid back is `refunds`.
    sum("sales", "Sales", "销售额", Money, HigherIsBetter, Financial),
    count("orders", "Orders", "订单数", "单", HigherIsBetter, Financial),
    sum("spend", "Marketing spend", "营销费用", Money, Neutral, Financial),
    sum("refunds", "Refunds", "退款金额", Money, LowerIsBetter, Financial),
    sum("online_sales", "Online sales", "在线销售额", Money, HigherIsBetter, Financial),
    sum("private_domain_sales", "Private-domain sales", "私域销售额", Money, HigherIsBetter, Financial),
    sum("market_sales", "Sales of the whole market", "市场总销售额", Money, Neutral, Financial),
    sum("comparison_sales", "Sales of the period compared with", "对比期销售额", Money, Neutral, Financial),
    ratio("aov", "Average order value (AOV)", "客单价", Money, HigherIsBetter, Financial, (&[Plus("sales")], &[Plus("orders")], 1.0)),
    ratio("sales_growth", "Sales growth", "销售增长率", Percent, HigherIsBetter, Financial, (&[Plus("sales"), Minus("comparison_sales")], &[Plus("comparison_sales")], 100.0)),
    ratio("online_share", "Online share of sales", "在线销售占比", Percent, HigherIsBetter, Financial, (&[Plus("online_sales")], &[Plus("sales")], 100.0)),
    ratio("private_domain_share", "Private-domain share of sales", "私域销售占比", Percent, HigherIsBetter, Financial, (&[Plus("private_domain_sales")], &[Plus("sales")], 100.0)),
    ratio("market_share", "Market share", "市场份额", Percent, HigherIsBetter, Financial, (&[Plus("sales")], &[Plus("market_sales")], 100.0)),
    ratio("roi", "Return on investment (ROI)", "投资回报率", Percent, HigherIsBetter, Financial, (&[Plus("sales"), Minus("spend")], &[Plus("spend")], 100.0)),
    ratio("roas", "Return on ad spend (ROAS)", "投产比", Times, HigherIsBetter, Financial, (&[Plus("sales")], &[Plus("spend")], 1.0)),
    ratio("cost_to_sales", "Cost-to-sales ratio", "营销费用率", Percent, LowerIsBetter, Financial, (&[Plus("spend")], &[Plus("sales")], 100.0)),
];

/// Every metric, in the order of the catalogue.
#[must_use]
pub fn all() -> &'static [Metric] {
    ALL
}

#[cfg(test)]
mod tests;
