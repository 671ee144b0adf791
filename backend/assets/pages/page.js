  const page = document.body.dataset.page;
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
  const links = {
    lost: [
      "This link is not whole. Open it from the mail once more, or copy all of it into the address line.",
      "链接不完整。请从邮件中重新打开，或将完整链接复制到地址栏。"
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
    length: ["Takes 8 to 128 characters.", "长度应为 8 至 128 个字符。"],
    too_common: ["Is a password that everybody tries. Choose another.", "此密码过于常见，请换一个。"]
  };
  const say = speak(Object.assign({}, common, links, texts));
  const form = one("form");

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

  const finish = async (answer) => {
    const body = await answer.json();
    // Joining signs in; this page has no use for a session and leaves none behind.
    if (body.access_token) await ask("POST", "/v1/sessions/sign-out", null, body.access_token).catch(() => {});
    const retailer = body.me ? body.me.tenant.name : "";
    // It works once; until now it stays, since a phone may load the page anew behind the authenticator.
    history.replaceState(null, "", location.pathname);
    form.hidden = true;
    one("#done").hidden = false;
    one("#done h1").textContent = say("done").replace("{0}", () => retailer);
    one("#done h1").focus();
  };
  when(form, say, async (body) => {
    const answer = await ask("POST", form.dataset.call, Object.assign({ token }, body));
    await (answer.ok ? finish(answer) : answer.json().then((body) => refused(form, say, body)));
  });
  one("input").focus();
