import { useEffect, useRef, useState } from "react";
import { Tabs } from "../../ui/Tabs";
import { CodeView } from "../CodeView";
import type { Boot, Inputs } from "../contract";
import { t } from "../messages";
import { LANGUAGES, type Language, snippet, sourceOf } from "../snippets/snippets";

interface ApiDrawerProps {
  boot: Boot;
  values: Inputs;
  assetUrl: (path: string) => string;
}

/** The same call as code, with the inputs as they stand in the form. */
export function ApiDrawer({ boot, values, assetUrl }: ApiDrawerProps) {
  const [language, setLanguage] = useState<Language>("curl");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView?.({ block: "nearest" });
  }, []);
  const code = snippet(language, sourceOf(boot, values, assetUrl));
  const needsFork = boot.api.executeUrl.includes("{workflowId}");
  return (
    <section className="panel pg-api" aria-labelledby="pg-api-title">
      <h2 id="pg-api-title" tabIndex={-1} ref={heading}>
        {t.apiTitle}
      </h2>
      <p className="muted">
        {t.apiText} {boot.urls.docs ? <a href={boot.urls.docs}>{t.apiDocs}</a> : null}
      </p>
      {needsFork ? <p className="muted">{t.apiFork}</p> : null}
      <Tabs<Language>
        label={t.api}
        value={language}
        onChange={setLanguage}
        tabs={LANGUAGES.map((key) => ({ key, label: t.languages[key] }))}
      >
        <CodeView
          label={t.languages[language]}
          code={code}
          said={t.codeCopied(t.languages[language])}
        />
      </Tabs>
    </section>
  );
}
