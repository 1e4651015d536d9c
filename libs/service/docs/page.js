// The page at /docs: Swagger UI on the document of the service chosen in the menu, and a log-in.
// The token is kept in this page's memory alone: a reload or a second tab knows nothing of it.
"use strict";

(() => {
  const menu = document.getElementById("service");
  const main = document.getElementById("ui");
  const user = document.getElementById("user");
  let session = null; // {email, token}

  const documentUrl = () => new URL(menu.selectedOptions[0].dataset.document, document.baseURI).href;

  const isBearer = (scheme) =>
    scheme.get("type") === "http" && String(scheme.get("scheme")).toLowerCase() === "bearer";

  const begin = (system, definitions, next) => {
    session = next;
    user.textContent = `Logged in as ${session.email}`;
    use(system, definitions);
  };

  // Gives the token to every bearer scheme of `definitions`, an Immutable map of schemes by name.
  const use = (system, definitions) => {
    definitions.filter(isBearer).forEach((schema, name) => {
      system.authActions.authorize({ [name]: { name, schema, value: session.token } });
    });
  };

  const logIn = async (email, password) => {
    let answer;
    try {
      answer = await fetch(main.dataset.login, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email, password }),
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
      });
    } catch {
      const origin = new URL(main.dataset.login).origin;
      throw new Error(`${origin} does not answer, or its APP_CORS_ORIGINS lacks ${location.origin}.`);
    }
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || body.title);
    return { email, token: body.access_token };
  };

  // Goes before Swagger UI's own form of "Authorize", where a token can be pasted.
  const LogIn = (system) => ({ definitions }) => {
    const { createElement: h, useEffect, useRef, useState } = system.React;
    const form = useRef(null);
    useEffect(() => form.current.elements.email.focus(), []); // and not the field for a token
    const [told, tell] = useState("");
    const [busy, setBusy] = useState(false);
    const submit = async (event) => {
      event.preventDefault();
      const { email, password } = event.target.elements;
      setBusy(true);
      tell("");
      try {
        begin(system, definitions, await logIn(email.value, password.value));
        system.authActions.showDefinitions(false);
      } catch (error) {
        tell(error.message);
        setBusy(false);
      }
    };
    const field = (name, title, type, autoComplete) =>
      h("label", null, title, h("input", { name, type, autoComplete, required: true, disabled: busy }));
    return h("form", { className: "log-in", method: "post", ref: form, onSubmit: submit },
      h("h4", null, "Log in"),
      field("email", "E-mail", "email", "username"),
      field("password", "Password", "password", "current-password"),
      h("button", { type: "submit", className: "btn modal-btn authorize", disabled: busy }, "Log in"),
      h("p", { role: "alert" }, told));
  };

  const plugin = (system) => {
    const Form = LogIn(system);
    return {
      afterLoad() {
        // A text with JSON in it, such as `where`, is typed; Swagger UI would ask for a file.
        const isFile = this.fn.isFileUploadIntended;
        this.fn.isFileUploadIntended = (schema, mediaType) => {
          const isJsonText = schema && schema.get && !schema.get("contentEncoding") &&
            schema.get("contentMediaType") === "application/json";
          return !isJsonText && isFile(schema, mediaType);
        };
      },
      wrapComponents: {
        auths: (Original) => (props) => {
          const h = system.React.createElement;
          const known = system.authSelectors.authorized();
          const offered = main.dataset.login &&
            props.definitions.some((scheme, name) => isBearer(scheme) && !known.get(name));
          return h("div", null, offered ? h(Form, props) : null, h(Original, props));
        },
      },
      statePlugins: {
        auth: {
          wrapActions: {
            logout: (original) => (names) => {
              session = null;
              user.textContent = "";
              return original(names);
            },
          },
        },
      },
    };
  };

  const asked = new URLSearchParams(location.search).get("service");
  if ([...menu.options].some((option) => option.value === asked)) menu.value = asked;

  const ui = SwaggerUIBundle({
    url: documentUrl(),
    domNode: main,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [plugin],
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    // A document may name the servers of production: what is tried here is sent where the document came from.
    requestInterceptor: (request) => {
      if (!request.loadSpec) {
        const url = new URL(request.url, documentUrl());
        request.url = new URL(documentUrl()).origin + url.pathname + url.search;
      }
      return request;
    },
    onComplete: () => {
      if (!session) return;
      const system = ui.getSystem();
      system.authSelectors.definitionsToAuthorize().forEach((definitions) => use(system, definitions));
    },
  });

  menu.addEventListener("change", () => {
    history.replaceState(null, "", `?service=${encodeURIComponent(menu.value)}`);
    document.title = `${menu.value}: the API`;
    ui.specActions.updateUrl(documentUrl());
    ui.specActions.download(documentUrl());
  });
})();
