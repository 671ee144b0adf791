  const zh = /^zh/i.test((navigator.languages && navigator.languages[0]) || navigator.language || "en");
  const common = {
    code: ["Code of your authenticator", "身份验证器的验证码"],
    codeHint: ["Six digits, or one of your recovery codes.", "六位数字，或您的一个恢复码。"],
    away: [
      "Tillwatch cannot be reached just now. Check your connection and try again.",
      "暂时无法连接 Tillwatch。请检查网络后重试。"
    ],
    too_many_requests: ["Too many tries. Wait a little, then try again.", "尝试次数过多，请稍后再试。"],
    required: ["Is needed.", "请填写此项。"],
    too_long: ["Is too long.", "内容过长。"],
    control_character: ["Holds characters that cannot be typed. Remove them.", "包含无法输入的字符，请删除。"],
    wrong: ["Is wrong, too old, or was used. Wait for the next one.", "验证码错误、已过期或已使用，请等待下一个。"]
  };
  const one = (selector) => document.querySelector(selector);
  const problem = one("#problem");
  // Has the page speak the reader's language; gives what says a text of it.
  const speak = (texts) => {
    const say = (key) => texts[key] && texts[key][zh ? 1 : 0];
    document.documentElement.lang = zh ? "zh-CN" : "en";
    document.title = say("title");
    for (const place of document.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);
    return say;
  };
  const ask = (method, path, body, bearer, keepalive) => {
    const headers = { "Content-Type": "application/json" };
    if (bearer) headers.Authorization = "Bearer " + bearer;
    const request = { method, headers, credentials: "omit", cache: "no-store", keepalive: !!keepalive };
    if (body) request.body = JSON.stringify(body);
    return fetch(path, request);
  };
  const told = (form, field, text) => {
    form.elements[field].setAttribute("aria-invalid", text ? "true" : "false");
    one("#" + field + "-wrong").textContent = text;
  };
  // What was typed into a form, by name; nothing where something is missing, which is said.
  const typed = (form, say) => {
    problem.textContent = "";
    const inputs = [...form.querySelectorAll("input, select, textarea")].filter((input) => !input.closest("[hidden]"));
    const body = {};
    for (const input of inputs) {
      told(form, input.name, "");
      body[input.name] = input.value;
    }
    const empty = inputs.filter((input) => !input.value.trim());
    for (const input of empty) told(form, input.name, say("required"));
    if (empty.length) empty[0].focus();
    return empty.length ? null : body;
  };
  // Says what the API refuses: beside the field, else under the form.
  const refused = (form, say, body) => {
    let general = true;
    if (body.code === "second_factor_required" && one("#code-field")) {
      const asked = one("#code-field").hidden;
      one("#code-field").hidden = false;
      form.elements.code.required = true;
      if (!asked) told(form, "code", say("wrong"));
      form.elements.code.focus();
      general = false;
    } else {
      for (const fault of body.errors || []) {
        const field = fault.pointer.slice(1);
        if (!form.elements[field]) continue;
        told(form, field, say(fault.code) || fault.detail);
        if (general) form.elements[field].focus();
        general = false;
      }
    }
    const reason = body.code === "state_conflict" ? body.detail : "";
    if (general) problem.textContent = ((say(body.code) || "") + reason) || body.detail;
  };
  // Does what a form's button asks for, once at a time.
  const when = (form, say, act) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = typed(form, say);
    if (!body) return;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await act(body);
    } catch {
      problem.textContent = say("away");
    }
    button.disabled = false;
  });
