"use strict";
(() => {
  const page = document.body.dataset.page;
  const zh = /^zh/i.test((navigator.languages && navigator.languages[0]) || navigator.language || "en");
  const texts = {
    join: {
      title: ["Join on Tillwatch", "加入 Tillwatch"],
      lead: ["You were invited by mail. Choose how you will sign in.", "您已通过邮件受邀。请设置您的登录方式。"],
      name: ["Your name", "您的姓名"],
      password: ["Password", "密码"],
      hint: [
        "8 to 128 characters, and not a common one. If your address has a Tillwatch login already, type its password.",
        "8 至 128 个字符，不能是常见密码。如果您的邮箱已有 Tillwatch 账号，请输入该账号的密码。"
      ],
      act: ["Join", "加入"],
      done: ["You have joined {0}", "您已加入{0}"],
      next: [
        "From now on sign in with the address that the invitation went to, and this password. You may close this page.",
        "今后请使用收到邀请的邮箱和此密码登录。您可以关闭此页面。"
      ]
    },
    "new-password": {
      title: ["A new password", "设置新密码"],
      lead: ["Choose a new password for your Tillwatch login.", "请为您的 Tillwatch 账号设置新密码。"],
      password: ["New password", "新密码"],
      hint: ["8 to 128 characters, and not a common one.", "8 至 128 个字符，不能是常见密码。"],
      act: ["Set the password", "设置密码"],
      done: ["Your password is changed", "密码已更改"],
      next: [
        "Every device was signed out. Sign in again with the new password. You may close this page.",
        "所有设备均已退出登录。请用新密码重新登录。您可以关闭此页面。"
      ]
    }
  }[page];
  const common = {
    code: ["Code of your authenticator", "身份验证器的验证码"],
    codeHint: ["Six digits, or one of your recovery codes.", "六位数字，或您的一个恢复码。"],
    lost: [
      "This link is not whole. Open it from the mail once more, or copy all of it into the address line.",
      "链接不完整。请从邮件中重新打开，或将完整链接复制到地址栏。"
    ],
    away: [
      "Tillwatch cannot be reached just now. Check your connection and try again.",
      "暂时无法连接 Tillwatch。请检查网络后重试。"
    ],
    credential_invalid: [
      "This link does not work any more: it was used, is too old, or a newer mail was sent. Ask for a new one.",
      "此链接已失效：可能已被使用、已过期，或已有新的邮件。请重新申请。"
    ],
    sign_in_failed: [
      "Your address has a login already, and this is not its password. If you forgot it, ask for a new one first.",
      "您的邮箱已有账号，但密码不正确。如果忘记密码，请先申请重置。"
    ],
    // In English the answer says more; in Chinese it stands beside this.
    state_conflict: ["", "暂时无法通过此邀请加入，请联系邀请人，或直接登录。原因："],
    too_many_requests: ["Too many tries. Wait a little, then try again.", "尝试次数过多，请稍后再试。"],
    required: ["Is needed.", "请填写此项。"],
    length: ["Takes 8 to 128 characters.", "长度应为 8 至 128 个字符。"],
    too_common: ["Is a password that everybody tries. Choose another.", "此密码过于常见，请换一个。"],
    too_long: ["Is too long.", "内容过长。"],
    control_character: ["Holds characters that cannot be typed. Remove them.", "包含无法输入的字符，请删除。"],
    wrong: ["Is wrong, too old, or was used. Wait for the next one.", "验证码错误、已过期或已使用，请等待下一个。"]
  };
  const words = Object.assign({}, common, texts);
  const say = (key) => words[key] && words[key][zh ? 1 : 0];
  const one = (selector) => document.querySelector(selector);
  const form = one("form");
  const problem = one("#problem");
  document.documentElement.lang = zh ? "zh-CN" : "en";
  document.title = say("title");
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);

  // A mail program may have cut the link in the middle of a character.
  const whole = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return null;
    }
  };
  const found = /(?:^#|&)token=([^&]+)/.exec(location.hash);
  const token = found && whole(found[1]);
  if (!token) {
    form.hidden = true;
    problem.textContent = say("lost");
    return;
  }

  const told = (field, text) => {
    const input = form.elements[field];
    input.setAttribute("aria-invalid", text ? "true" : "false");
    one("#" + field + "-wrong").textContent = text;
  };
  const inputs = () => [...form.querySelectorAll("input")].filter((input) => !input.closest("[hidden]"));
  const post = (path, body, bearer) => {
    const headers = { "Content-Type": "application/json" };
    if (bearer) headers.Authorization = "Bearer " + bearer;
    const request = { method: "POST", headers, credentials: "omit", cache: "no-store" };
    if (body) request.body = JSON.stringify(body);
    return fetch(path, request);
  };
  const finish = async (answer) => {
    const body = await answer.json();
    // Joining signs in; this page has no use for a session and leaves none behind.
    if (body.access_token) await post("/v1/sessions/sign-out", null, body.access_token).catch(() => {});
    const retailer = body.me ? body.me.tenant.name : "";
    // It works once; until now it stays, since a phone may load the page anew behind the authenticator.
    history.replaceState(null, "", location.pathname);
    form.hidden = true;
    one("#done").hidden = false;
    one("#done h1").textContent = say("done").replace("{0}", () => retailer);
    one("#done h1").focus();
  };
  const refuse = async (answer) => {
    const body = await answer.json();
    let general = true;
    if (body.code === "second_factor_required") {
      const asked = one("#code-field").hidden;
      one("#code-field").hidden = false;
      form.elements.code.required = true;
      if (!asked) told("code", say("wrong"));
      form.elements.code.focus();
      general = false;
    } else {
      for (const refused of body.errors || []) {
        const field = refused.pointer.slice(1);
        if (!form.elements[field]) continue;
        told(field, say(refused.code) || refused.detail);
        if (general) form.elements[field].focus();
        general = false;
      }
    }
    const reason = body.code === "state_conflict" ? body.detail : "";
    if (general) problem.textContent = ((say(body.code) || "") + reason) || body.detail;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const body = { token };
    for (const input of inputs()) {
      told(input.name, "");
      body[input.name] = input.value;
    }
    const empty = inputs().filter((input) => !input.value.trim());
    for (const input of empty) told(input.name, say("required"));
    if (empty.length) return empty[0].focus();
    const button = one("button");
    button.disabled = true;
    try {
      const answer = await post(form.dataset.call, body);
      await (answer.ok ? finish(answer) : refuse(answer));
    } catch {
      problem.textContent = say("away");
    }
    button.disabled = false;
  });
  one("input").focus();
})();
