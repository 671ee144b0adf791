//! Feeds, in Simplified Chinese.

use tillwatch_shared::feeds::{FeedFault, FeedTrouble};

use super::super::{Said, Sourcing};
use super::Chinese;

impl Sourcing for Chinese {
    fn feed_unwell(&self, name: &str, trouble: FeedTrouble, fault: Option<FeedFault>, last_new: Option<&str>) -> Said {
        let title = match trouble {
            FeedTrouble::Failing => format!("数据源接口不稳定：{name}"),
            FeedTrouble::Silent => format!("数据源数据缺失：{name}"),
        };
        let mut lines = vec![match (trouble, fault) {
            (FeedTrouble::Failing, None) => "最近几次获取均失败：大部分行都被拒绝。".to_owned(),
            (FeedTrouble::Failing, Some(fault)) => format!("最近几次获取均失败：{}。", self.feed_fault(fault)),
            (FeedTrouble::Silent, None) => "可以获取，但已超过预期时间没有新数据。".to_owned(),
            (FeedTrouble::Silent, Some(fault)) => {
                format!("已超过预期时间没有新数据；最近一次获取失败：{}。", self.feed_fault(fault))
            }
        }];
        lines.push(match last_new {
            Some(time) => format!("最近一次新数据到达时间：{time}。此后的数据可能缺失。"),
            None => "该数据源尚未带来任何数据。".to_owned(),
        });
        Said::new(title, lines.join("\n"))
    }

    fn feed_well(&self, name: &str, trouble: FeedTrouble) -> Said {
        let body = match trouble {
            FeedTrouble::Failing => "已能正常获取。",
            FeedTrouble::Silent => "已重新收到新数据。",
        };
        Said::new(format!("数据源已恢复：{name}"), body)
    }

    fn feed_fault(&self, fault: FeedFault) -> &'static str {
        match fault {
            FeedFault::AddressRefused => "地址指向内部网络",
            FeedFault::NameUnknown => "无法解析地址的域名",
            FeedFault::ConnectFailed => "无法建立连接",
            FeedFault::TlsFailed => "服务器证书不受信任",
            FeedFault::TimedOut => "响应超时",
            FeedFault::AnswerBroken => "连接中断",
            FeedFault::Redirected => "响应跳转到其他地址",
            FeedFault::Status => "服务器拒绝请求或返回错误",
            FeedFault::TooLarge => "文档过大",
            FeedFault::TooManyRows => "文档行数过多",
            FeedFault::BadEncoding => "文档无法解压",
            FeedFault::NotUtf8 => "文档不是 UTF-8 编码",
            FeedFault::NotCsv => "文档不是表格",
            FeedFault::NotJson => "文档格式与预期不符",
            FeedFault::MissingColumn => "文档缺少列",
            FeedFault::DayIsFull => "已达到每日数据点上限",
            FeedFault::SecretUnreadable => "无法读取加密保存的地址参数和请求头，请重新填写完整地址和请求头",
            FeedFault::NotTaken => "数据未能写入",
        }
    }
}
