// The editor of a prompt file: YAML, then Jinja2, the first fault underlined at its place.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete"
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands"
import { jinjaLanguage } from "@codemirror/lang-jinja" // over plain.js instead of HTML
import { yamlFrontmatter } from "@codemirror/lang-yaml"
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language"
import { lintGutter, setDiagnostics } from "@codemirror/lint"
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search"
import { Compartment, EditorState, Prec, Transaction } from "@codemirror/state"
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
} from "@codemirror/view"
import { tags as t } from "@lezer/highlight"

const WAIT = 400 // milliseconds without a key before the page is told
const MOST = 2000 // and the most that it waits while somebody types on

const colours = HighlightStyle.define([
  { tag: [t.keyword, t.controlKeyword, t.operatorKeyword, t.definitionKeyword], color: "var(--fl-keyword)", fontWeight: "600" },
  { tag: [t.variableName, t.definition(t.variableName), t.special(t.variableName)], color: "var(--fl-name)" },
  { tag: [t.propertyName, t.definition(t.propertyName), t.attributeName], color: "var(--fl-key)" },
  { tag: [t.string, t.special(t.string)], color: "var(--fl-string)" },
  { tag: [t.number, t.bool, t.null, t.atom], color: "var(--fl-number)" },
  { tag: [t.comment, t.lineComment, t.blockComment], color: "var(--fl-faint)", fontStyle: "italic" },
  { tag: [t.brace, t.bracket, t.separator, t.punctuation, t.meta, t.processingInstruction], color: "var(--fl-faint)" },
  { tag: [t.function(t.variableName), t.tagName], color: "var(--fl-key)" },
])

const look = EditorView.theme({
  "&": { color: "inherit", backgroundColor: "transparent", fontSize: "var(--fl-size, .82rem)", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: '"JetBrains Mono", ui-monospace, monospace', lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { caretColor: "var(--st-primary-color)", padding: ".5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--st-primary-color)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--fl-faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, currentColor 5%, transparent)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--st-primary-color) 26%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--st-primary-color) 14%, transparent)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "color-mix(in srgb, currentColor 16%, transparent)" },
  ".cm-tooltip, .cm-panels": {
    backgroundColor: "var(--st-secondary-background-color)", color: "var(--st-text-color)",
    border: "1px solid var(--st-border-color)", borderRadius: ".4rem",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--st-primary-color)", color: "var(--st-background-color)" },
  ".cm-diagnostic": { fontFamily: "var(--st-font)", fontSize: ".85rem", borderLeftColor: "var(--fl-bad)", padding: ".35rem .7rem" },
  ".cm-panel input, .cm-panel button": { color: "inherit", background: "transparent", border: "1px solid var(--st-border-color)", borderRadius: ".3rem", backgroundImage: "none" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--fl-bad)", textDecorationThickness: "1.5px", textUnderlineOffset: "3px" },
  ".cm-fault": { backgroundColor: "color-mix(in srgb, var(--fl-bad) 12%, transparent)" },
})

/** The first fault as CodeMirror takes it: from its column to the end of the word there. */
function diagnostics(state, fault) {
  if (!fault || fault.line < 1 || fault.line > state.doc.lines) return []
  const line = state.doc.line(fault.line)
  let from = Math.min(line.from + Math.max(0, (fault.column || 1) - 1), line.to)
  const word = /^(\w+|\S+)/.exec(state.sliceDoc(from, line.to))
  let to = Math.min(line.to, from + (word ? word[0].length : 1))
  if (to === from && from > line.from) from -= 1
  return [{ from, to, severity: "error", message: fault.words }]
}

/** Completes the variables that are declared and the filters there are, inside of {{ }} and {% %}. */
function completing(words) {
  return (context) => {
    const before = context.state.sliceDoc(Math.max(0, context.pos - 300), context.pos)
    if (Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%")) <=
        Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"))) return null
    const word = context.matchBefore(/\w*/)
    if (!word || (word.from === word.to && !context.explicit)) return null
    const filter = /\|\s*\w*$/.test(before)
    return { from: word.from, options: words.filter((each) => (each.type === "function") === filter) }
  }
}

/** Refuses what would make the text longer than it may be, before anything else is done with it. */
function bounded(most, onTooLong) {
  return EditorState.changeFilter.of((change) => {
    if (!change.docChanged || change.annotation(Transaction.remote)) return true
    const size = change.newDoc.length
    if (size <= most || size <= change.startState.doc.length) return true
    onTooLong(size)
    return false
  })
}

/**
 * An editor in `parent`. `text` is what the page holds and `n` the number of the last text that it was
 * told; `onText(text, n)`, `onSave()` and `onRun()` tell it more, a pause after the last key.
 * `onEdit(text)` is called with every change at once, `onTooLong(size)` for one that is refused since the
 * text would have more than `most` characters.
 */
export function mount(parent, { text, n, most, label, words, onEdit, onTooLong, onText, onSave, onRun }) {
  let timer = 0
  let since = 0
  let told = text
  let marked = false
  let known = JSON.stringify(words)
  const vocabulary = new Compartment()
  const vocabularyOf = (list) => autocompletion({ override: [completing(list || [])] })
  const tell = () => {
    clearTimeout(timer)
    timer = 0
    const now = view.state.doc.toString()
    if (now !== told) onText((told = now), ++n)
  }
  const leaving = () => document.visibilityState === "hidden" && tell()
  document.addEventListener("visibilitychange", leaving)
  const keys = Prec.highest(keymap.of([
    { key: "Mod-s", preventDefault: true, run: () => (tell(), onSave(), true) },
    { key: "Mod-Enter", preventDefault: true, run: () => (tell(), onRun(), true) },
  ]))
  const view = new EditorView({
    parent,
    root: parent.getRootNode(),
    state: EditorState.create({
      doc: text,
      extensions: [
        bounded(most, onTooLong), keys, lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), history(), drawSelection(),
        bracketMatching(), closeBrackets(), highlightSelectionMatches(), lintGutter(),
        vocabulary.of(vocabularyOf(words)),
        keymap.of([
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap,
        ]),
        yamlFrontmatter({ content: jinjaLanguage }), syntaxHighlighting(colours), look,
        EditorView.lineWrapping, EditorState.tabSize.of(2),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return
          onEdit(update.state.doc.toString())
          if (update.transactions.some((each) => each.annotation(Transaction.remote))) return
          if (!timer) since = performance.now()
          clearTimeout(timer)
          timer = setTimeout(tell, Math.min(WAIT, since + MOST - performance.now()))
        }),
        EditorView.domEventHandlers({ blur: () => void tell() }),
      ],
    }),
  })
  return {
    /** What the page holds now. An echo of what was told before the last word is no news. */
    show(next) {
      if (timer || next.n < n) return
      if (next.text !== told) {
        told = next.text
        view.dispatch({
          changes: { from: 0, to: view.state.doc.length, insert: next.text },
          annotations: Transaction.remote.of(true),
        })
      }
      const listed = JSON.stringify(next.words)
      if (listed === known) return
      known = listed
      view.dispatch({ effects: vocabulary.reconfigure(vocabularyOf(next.words)) })
    },
    /** Underline the fault of the text, or nothing. */
    mark(fault) {
      if (!fault && !marked) return
      marked = Boolean(fault)
      view.dispatch(setDiagnostics(view.state, diagnostics(view.state, fault)))
    },
    end() {
      document.removeEventListener("visibilitychange", leaving)
      tell()
      view.destroy()
    },
  }
}
