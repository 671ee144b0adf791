//! Permissions, roles, and the one matrix between them.
//!
//! An endpoint asks for a permission, never for a role. A role is a set of permissions and nothing else; an
//! empty set allows nothing. API tokens carry a subset of [`Permission::for_tokens`] as their scopes; the bot acts for
//! a person within [`Permission::for_chat`].

words! {
    /// What may be done: `resource:verb`.
    pub enum Permission {
        /// See the retailer's settings.
        TenantRead = "tenant:read",
        /// Change the retailer's settings.
        TenantWrite = "tenant:write",
        /// Take a complete copy of the retailer's data.
        TenantExport = "tenant:export",
        /// Close the retailer and have everything removed.
        TenantDelete = "tenant:delete",
        /// See the staff list, roles and departments.
        StaffRead = "staff:read",
        /// Invite, change and disable staff, end their sessions.
        StaffWrite = "staff:write",
        /// Make and change custom roles and departments.
        RolesWrite = "roles:write",
        /// See API tokens (never their secret).
        ApiTokensRead = "api_tokens:read",
        /// Create, rotate and revoke API tokens.
        ApiTokensWrite = "api_tokens:write",
        /// See webhook endpoints, events and what was sent.
        WebhooksRead = "webhooks:read",
        /// Create, change and remove webhook endpoints, send again.
        WebhooksWrite = "webhooks:write",
        /// See long jobs, their progress and their files.
        JobsRead = "jobs:read",
        /// Cancel long jobs.
        JobsCancel = "jobs:cancel",
        /// See channels.
        ChannelsRead = "channels:read",
        /// Create, change and archive channels.
        ChannelsWrite = "channels:write",
        /// See campaigns and their history.
        CampaignsRead = "campaigns:read",
        /// Create, change and archive campaigns; move them through their states, save for pause and resume.
        CampaignsWrite = "campaigns:write",
        /// Pause a running campaign.
        CampaignsPause = "campaigns:pause",
        /// Resume a paused campaign.
        CampaignsResume = "campaigns:resume",
        /// See the metric catalogue, series and KPIs.
        MetricsRead = "metrics:read",
        /// Define metrics of the retailer's own, and reference values to compare with.
        MetricsWrite = "metrics:write",
        /// Send samples.
        SamplesWrite = "samples:write",
        /// See feeds and what came of their fetches (never their secrets).
        FeedsRead = "feeds:read",
        /// Make, change, try and archive feeds: what they fetch is taken in as samples.
        FeedsWrite = "feeds:write",
        /// See rules.
        RulesRead = "rules:read",
        /// Create, change and archive rules.
        RulesWrite = "rules:write",
        /// See alerts and their pictures.
        AlertsRead = "alerts:read",
        /// Acknowledge alerts.
        AlertsAcknowledge = "alerts:acknowledge",
        /// Silence alerts for a while, end silences.
        AlertsSilence = "alerts:silence",
        /// Announce maintenance windows, end them.
        MaintenanceWrite = "maintenance:write",
        /// See the reports on the whole retailer, and when they appear.
        ReportsRead = "reports:read",
        /// Change when and where reports appear.
        ReportsWrite = "reports:write",
        /// Issue a one-time code that links one's own chat user; see one's links.
        ChatLinkSelf = "chat:link_self",
        /// Link chat servers, see and remove every link.
        ChatManage = "chat:manage",
        /// See deliveries and send dead ones again.
        DeliveriesManage = "deliveries:manage",
        /// Read the audit log.
        AuditRead = "audit:read",
        /// See goals, their pace and history.
        GoalsRead = "goals:read",
        /// Create, change, activate and archive goals; decide on their corrections.
        GoalsWrite = "goals:write",
    }

    /// A staff's place in a retailer.
    pub enum Role {
        /// Everything.
        Owner = "owner",
        /// Everything but what only an owner may do.
        Admin = "admin",
        /// Plans and runs campaigns.
        Marketer = "marketer",
        /// Reads everything that is counted.
        Analyst = "analyst",
        /// Watches that rules are kept; may pause, never resume.
        Compliance = "compliance",
        /// Looks after customers.
        ServiceAgent = "service_agent",
        /// Connects partners.
        Integrator = "integrator",
        /// Reads.
        Viewer = "viewer",
    }
}

use Permission as P;

const READ: &[Permission] = &[
    P::TenantRead,
    P::ChannelsRead,
    P::CampaignsRead,
    P::MetricsRead,
    P::FeedsRead,
    P::RulesRead,
    P::AlertsRead,
    P::GoalsRead,
    P::ReportsRead,
    P::ChatLinkSelf,
];

impl Role {
    /// The one matrix: what a staff of this role may do.
    pub fn allows(self, permission: Permission) -> bool {
        let owner_alone = matches!(permission, P::TenantDelete);
        if self == Self::Owner || READ.contains(&permission) || (self == Self::Admin && !owner_alone) {
            return true;
        }
        let more: &[Permission] = match self {
            Self::Owner | Self::Admin | Self::Viewer => &[],
            Self::Marketer => &[
                P::StaffRead,
                P::JobsRead,
                P::JobsCancel,
                P::ChannelsWrite,
                P::CampaignsWrite,
                P::CampaignsPause,
                P::CampaignsResume,
                P::MetricsWrite,
                P::SamplesWrite,
                P::RulesWrite,
                P::AlertsAcknowledge,
                P::AlertsSilence,
                P::MaintenanceWrite,
                P::GoalsWrite,
                P::ReportsWrite,
            ],
            Self::Analyst => &[
                P::StaffRead,
                P::JobsRead,
                P::MetricsWrite,
                P::RulesWrite,
                P::AlertsAcknowledge,
                P::AlertsSilence,
                P::ReportsWrite,
            ],
            Self::Compliance => {
                &[P::StaffRead, P::JobsRead, P::TenantExport, P::CampaignsPause, P::AlertsAcknowledge, P::AuditRead]
            }
            Self::ServiceAgent => &[P::AlertsAcknowledge],
            Self::Integrator => &[
                P::ApiTokensRead,
                P::ApiTokensWrite,
                P::WebhooksRead,
                P::WebhooksWrite,
                P::JobsRead,
                P::JobsCancel,
                P::SamplesWrite,
                P::FeedsWrite,
                P::MaintenanceWrite,
                P::ChatManage,
                P::DeliveriesManage,
            ],
        };
        more.contains(&permission)
    }
}

impl Permission {
    /// What the bot may do for a person: what its commands need, however much more the person's role allows. A chat
    /// account that is taken over makes no API token, no link code and no new rule.
    pub const fn for_chat(self) -> bool {
        matches!(
            self,
            P::TenantRead
                | P::ChannelsRead
                | P::CampaignsRead
                | P::CampaignsPause
                | P::CampaignsResume
                | P::MetricsRead
                | P::AlertsRead
                | P::AlertsAcknowledge
                | P::AlertsSilence
                | P::GoalsRead
                | P::ReportsRead
                | P::ReportsWrite
        )
    }

    /// What may still be done while the retailer is being closed: read all of it, take a copy, stop the closing.
    pub fn while_closing(self) -> bool {
        self.as_str().ends_with(":read") || matches!(self, P::TenantExport | P::TenantDelete)
    }

    /// What an API token may be given: everything but the care of the retailer, its
    /// people, tokens, webhooks, feeds, chats and the audit log.
    pub const fn for_tokens(self) -> bool {
        !matches!(
            self,
            P::TenantWrite
                | P::TenantExport
                | P::TenantDelete
                | P::StaffRead
                | P::StaffWrite
                | P::RolesWrite
                | P::ApiTokensRead
                | P::ApiTokensWrite
                | P::WebhooksWrite
                | P::FeedsWrite
                | P::ChatLinkSelf
                | P::ChatManage
                | P::DeliveriesManage
                | P::AuditRead
        )
    }

    /// Whether it is about channels and what belongs to them, or about oneself and one's own: what is left to somebody
    /// whose permissions are narrowed to channels. A permission that is not listed here is about the whole retailer.
    /// (Of long jobs a narrowed caller reaches those that they asked for themselves.)
    pub const fn by_channel(self) -> bool {
        matches!(
            self,
            P::ChannelsRead
                | P::ChannelsWrite
                | P::CampaignsRead
                | P::CampaignsWrite
                | P::CampaignsPause
                | P::CampaignsResume
                | P::MetricsRead
                | P::SamplesWrite
                | P::JobsRead
                | P::JobsCancel
                | P::RulesRead
                | P::RulesWrite
                | P::AlertsRead
                | P::AlertsAcknowledge
                | P::AlertsSilence
                | P::MaintenanceWrite
                | P::DeliveriesManage
                | P::ChatLinkSelf
                | P::GoalsRead
                | P::GoalsWrite
        )
    }

    /// Whether a role of a retailer's own may have it; what only an owner does is in none.
    pub const fn for_custom_roles(self) -> bool {
        !matches!(self, P::TenantDelete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_reads_and_nothing_else() {
        for &permission in Permission::ALL {
            let reads = permission.as_str().ends_with(":read") && READ.contains(&permission);
            assert_eq!(Role::Viewer.allows(permission), reads || permission == P::ChatLinkSelf, "{permission}");
        }
    }

    #[test]
    fn compliance_may_pause_but_not_resume() {
        assert!(Role::Compliance.allows(P::CampaignsPause));
        assert!(!Role::Compliance.allows(P::CampaignsResume));
    }

    #[test]
    fn a_chat_user_makes_no_credential_and_changes_no_rule() {
        for never in [P::ApiTokensRead, P::ApiTokensWrite, P::ChatLinkSelf, P::ChatManage, P::RulesWrite, P::AuditRead]
        {
            assert!(!never.for_chat(), "{never}");
        }
        assert!(P::CampaignsPause.for_chat() && P::AlertsAcknowledge.for_chat());
    }

    #[test]
    fn what_is_about_the_whole_retailer_is_not_left_to_a_narrowed_caller() {
        for never in [P::TenantRead, P::TenantWrite, P::StaffRead, P::StaffWrite, P::RolesWrite, P::ApiTokensWrite] {
            assert!(!never.by_channel(), "{never}");
        }
        for never in [P::AuditRead, P::WebhooksRead, P::WebhooksWrite, P::TenantExport, P::ChatManage] {
            assert!(!never.by_channel(), "{never}");
        }
        assert!(P::SamplesWrite.by_channel() && P::CampaignsPause.by_channel());
        // Who may send a file of samples may follow what becomes of it.
        assert!(P::JobsRead.by_channel() && P::JobsCancel.by_channel());
    }

    #[test]
    fn a_retailer_that_is_being_closed_is_read_and_not_changed() {
        for &permission in Permission::ALL {
            let changes =
                [":write", ":cancel", ":pause", ":resume", ":acknowledge", ":silence", ":manage", ":link_self"];
            let changes = changes.iter().any(|verb| permission.as_str().ends_with(verb));
            assert_eq!(permission.while_closing(), !changes, "{permission}");
        }
    }

    #[test]
    fn a_custom_role_allows_all_but_what_only_an_owner_does() {
        for &permission in Permission::ALL {
            assert_eq!(permission.for_custom_roles(), Role::Admin.allows(permission), "{permission}");
        }
    }

    #[test]
    fn a_token_never_makes_tokens() {
        assert!(!P::ApiTokensWrite.for_tokens());
        assert!(P::SamplesWrite.for_tokens());
    }
}
