// Prompts hold no HTML: without its grammar and those of CSS and JavaScript the bundle is smaller.
import { LanguageSupport, StreamLanguage } from "@codemirror/language"

const text = StreamLanguage.define({ token: (stream) => (stream.skipToEnd(), null) })

export const html = () => new LanguageSupport(text)
