  const say = speak(Object.assign({}, common, {
    title: ["An alert", "预警"],
    lead: [
      "Sign in to see the alert and to take it in hand. The link alone shows nothing to anybody.",
      "登录后即可查看并处理预警。仅凭链接无法看到任何内容。"
    ],
    email: ["E-mail address", "邮箱"],
    password: ["Password", "密码"],
    tenant: ["Retailer", "商家"],
    signIn: ["Sign in", "登录"],
    acknowledge: ["Acknowledge", "认领"],
    reason: ["Why is the campaign to be paused?", "为什么要暂停营销活动？"],
    pause: ["Pause campaign", "暂停活动"],
    leave: ["Sign out", "退出登录"],
    nothing: [
      "Nothing is left to do here, or it is not yours to do.",
      "此处没有待处理的事项，或您没有相应的权限。"
    ],
    done: ["You are signed out", "已退出登录"],
    next: ["You may close this page.", "您可以关闭此页面。"],
    acknowledged_now: ["It is yours now; the team sees it.", "现由您跟进，团队可见。"],
    paused_now: ["The campaign is paused.", "营销活动已暂停。"],
    lost: [
      "This link is not whole. Open it from the chat once more.",
      "链接不完整。请从群聊中重新打开。"
    ],
    gone: [
      "There is no such alert at this retailer, or you may not see its channel. If you work for several retailers, sign in to another.",
      "该商家没有此预警，或您无权查看其渠道。如果您服务于多个商家，请登录其他商家。"
    ],
    sign_in_failed: ["Address or password is wrong.", "邮箱或密码不正确。"],
    permission_denied: ["Your role may not do that.", "您的角色无权进行此操作。"],
    enrolment_required: [
      "Your retailer asks for a second factor. Enrol one in Tillwatch first, then open the link again.",
      "您的商家要求启用两步验证。请先在 Tillwatch 中启用，再重新打开链接。"
    ],
    expired: ["You were signed out meanwhile. Sign in again.", "登录已过期，请重新登录。"],
    // In English the answer says more; in Chinese it stands beside this.
    state_conflict: ["", "当前状态不允许此操作。原因："],
    firing: ["Firing", "告警中"],
    silenced: ["Silenced", "静默"],
    acknowledged: ["Acknowledged", "已认领"],
    resolved: ["Resolved", "已恢复"],
    info: ["info", "提示"],
    warning: ["warning", "警告"],
    critical: ["critical", "严重"],
    draft: ["draft", "草稿"],
    in_review: ["in review", "审核中"],
    scheduled: ["scheduled", "已排期"],
    active: ["active", "进行中"],
    paused: ["paused", "已暂停"],
    completed: ["completed", "已结束"],
    cancelled: ["cancelled", "已取消"],
    line: ["Line", "阈值"],
    expected: ["Expected", "预期值"],
    campaign: ["Campaign", "营销活动"],
    channel: ["Channel", "渠道"],
    severity: ["Severity", "级别"],
    raised: ["Raised", "触发时间"],
    retailer: ["Retailer", "商家"]
  }));
  const [signIn, section, acknowledge, pause] = ["#sign-in", "#alert", "#acknowledge", "#pause"].map(one);
  // Another link in the same tab changes only what stands behind `#`.
  addEventListener("hashchange", () => location.reload());
  const found = /^#(alr_[1-9A-Za-z]{22})(?:\/(acknowledge|pause))?$/.exec(location.hash);
  if (!found) {
    signIn.hidden = true;
    problem.textContent = say("lost");
    return;
  }
  const [, id, wish] = found;
  // The session's token is kept here and nowhere else: it ends with the page.
  let session = null;
  let seen = null;

  const figure = (value) => {
    const lang = document.documentElement.lang;
    if (seen.unit === "money") {
      return new Intl.NumberFormat(lang, { style: "currency", currency: seen.currency }).format(value);
    }
    const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 2 }).format(value);
    return seen.unit === "percent" ? number + "%" : number;
  };
  const facts = () => {
    const { figures, campaign, channel } = seen;
    const some = (value, text) => (value === null || value === undefined ? null : text(value));
    return [
      [zh ? seen.metric_zh : seen.metric_en, figure(figures.value)],
      [say("line"), some(figures.line, figure)],
      [say("expected"), some(figures.expected, figure)],
      [say("campaign"), some(campaign, () => campaign.name + " (" + say(campaign.state) + ")")],
      [say("channel"), some(channel, () => channel.name)],
      [say("severity"), say(seen.severity)],
      [say("raised"), new Date(seen.opened_at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" })],
      [say("retailer"), session.retailer]
    ].filter(([, value]) => value !== null);
  };
  const draw = (news) => {
    signIn.hidden = true;
    section.hidden = false;
    one("#rule").textContent = seen.rule_name;
    const by = seen.state === "acknowledged" && seen.acknowledged_by ? " · " + seen.acknowledged_by.name : "";
    one("#state").textContent = say(seen.state) + by + (news ? " · " + news : "");
    one("#facts").replaceChildren(...facts().flatMap(([name, value]) => {
      const [term, text] = ["dt", "dd"].map((kind) => document.createElement(kind));
      term.textContent = name;
      text.textContent = value;
      return [term, text];
    }));
    const may = (permission) => session.permissions.includes(permission);
    const open = seen.state === "firing" || seen.state === "silenced";
    acknowledge.hidden = !open || !may("alerts:acknowledge");
    pause.hidden = !seen.campaign || seen.campaign.state !== "active" || !may("campaigns:pause");
    one("#nothing").hidden = !acknowledge.hidden || !pause.hidden;
  };
  const focus = (news) => {
    if (!news && wish === "pause" && !pause.hidden) return one("#reason").focus();
    if (!news && wish === "acknowledge" && !acknowledge.hidden) return acknowledge.querySelector("button").focus();
    one("#rule").focus();
  };
  const signOut = (keepalive) => {
    const token = session && session.token;
    session = null;
    return token ? ask("POST", "/v1/sessions/sign-out", null, token, keepalive).catch(() => {}) : null;
  };
  // Back to the beginning, which says why.
  const again = async (why) => {
    await signOut();
    section.hidden = true;
    signIn.hidden = false;
    problem.textContent = say(why);
    one("#email").focus();
  };
  // What the API answers, or nothing when that was said.
  const answered = async (form, asked) => {
    const answer = await asked;
    const body = await answer.json();
    if (answer.ok) return body;
    if (answer.status === 401 && session) await again("expired");
    else if (answer.status === 404) await again("gone");
    else refused(form, say, body);
    return null;
  };
  const look = async (news) => {
    const got = await answered(signIn, ask("GET", "/v1/alerts/" + id, null, session.token));
    if (!got) return;
    seen = got;
    draw(news);
    focus(news);
  };
  when(signIn, say, async (body) => {
    const got = await answered(signIn, ask("POST", signIn.dataset.call, body));
    if (!got) return;
    if (got.places) {
      one("#tenant").replaceChildren(...got.places.map((place) => new Option(place.name, place.tenant)));
      one("#tenant-field").hidden = false;
      return one("#tenant").focus();
    }
    session = { token: got.access_token, permissions: got.me.permissions, retailer: got.me.tenant.name };
    for (const secret of ["password", "code"]) signIn.elements[secret].value = "";
    await look("");
    if (session && !seen) await signOut();
  });
  when(acknowledge, say, async () => {
    const path = acknowledge.dataset.call.replace("{id}", id);
    const got = await answered(acknowledge, ask("POST", path, {}, session.token));
    if (!got) return;
    seen = got.alert;
    draw(got.changed ? say("acknowledged_now") : "");
    one("#rule").focus();
  });
  when(pause, say, async (body) => {
    const path = pause.dataset.call.replace("{id}", seen.campaign.id);
    if (await answered(pause, ask("POST", path, body, session.token))) await look(say("paused_now"));
  });
  one("#leave").addEventListener("click", async () => {
    await signOut();
    section.hidden = true;
    problem.textContent = "";
    one("#done").hidden = false;
    one("#done h1").textContent = say("done");
    one("#done h1").focus();
  });
  // Whoever leaves the page is signed out; whoever comes back to it signs in.
  addEventListener("pagehide", () => signOut(true));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  one("#email").focus();
