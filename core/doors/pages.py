"""The pages at the doors: come in by a link, sign in, nothing here. The same for whoever asks."""

import base64
import hashlib

from core.sharing.shown import ENDED, THANKS
from core.sharing.snapshot_page import document

_FORM = """
form { margin: 1.6rem 0 0; display: grid; gap: .8rem; max-width: 24rem; }
input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; padding: .6rem .8rem; width: 100%; margin-top: .25rem; }
a { color: var(--accent); }
details { margin-top: 2rem; max-width: 30rem; }
.inside { padding: 0 .9rem .9rem; }
.inside form { margin-top: .6rem; }
#why:not(:empty) { background: var(--card); border-radius: .6rem; padding: .7rem .9rem; }
a.button { margin: .9rem 0 .3rem; }
a.button, button { display: inline-block; text-decoration: none;
  font: inherit; font-weight: 600; border: 1px solid transparent; border-radius: .6rem; padding: .7rem 1.1rem;
  background: var(--accent); color: var(--on); cursor: pointer; width: fit-content; }
main { padding-top: min(18vh, 9rem); }
"""
_SEND = """
const form=document.querySelector('form'),told=document.querySelector('[role=status]');
let sent=false;
form.addEventListener('submit',async event=>{event.preventDefault();if(sent)return;
sent=true;told.textContent='One moment…';
try{const answer=await fetch(form.dataset.to,{method:'POST',headers:{'Content-Type':'application/json'},
body:JSON.stringify(said())});
if(answer.ok){location.replace(next());return}
const problem=await answer.json();const text=problem.detail+'. '+problem.hint;
told.textContent=text[0].toUpperCase()+text.slice(1);}
catch{told.textContent='The app does not answer. Try again in a moment.'}
sent=false});
"""
_ENTER = """
const query=new URLSearchParams(location.search),token=query.get('t')||'';
history.replaceState(null,'','/demo');
if(query.has('p'))document.querySelector('label').hidden=false;
const said=()=>({token,passphrase:document.querySelector('input').value}),next=()=>'/demo';
"""
_SIGN_IN = """
const said=()=>({token:document.querySelector('input').value});
const query=new URLSearchParams(location.search),asked=query.get('next')||'/';
const next=()=>/^\\/[a-z-]*$/.test(asked)?asked:'/';
"""
_TEAM = """
document.querySelector('a.button').href='/api/sign-in/oidc?next='+encodeURIComponent(next());
const whys={unlisted:'This address may not sign in here. Ask whoever runs the app to let it in.',
unverified:'Your provider does not say that this e-mail address is yours. Confirm it there, or ask whoever runs the app.',
expired:'That took too long, or was begun in another browser. Try again.',
refused:'Your provider let nobody in. Try again, or with another account.',
too_fast:'Too many attempts. Try again in a minute.',
provider:'The provider did not answer as it should. Try again; if it happens again, tell whoever runs the app to look at its log.'};
const why=query.get('why');if(why)document.querySelector('#why').textContent=whys[why]||whys.provider;
"""
_SIGN_OUT = "const said=()=>({}),next=()=>'/sign-in';"


def _page(title: str, body: str, script: str = "") -> tuple[bytes, str]:
    """The page and the policy that lets its own script run, and nothing else."""
    script = script.strip()
    run = f"<script>{script}</script>" if script else ""
    whole = document(title, f"<style>{_FORM}</style>{body}{run}")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'; connect-src 'self'; " if script else ""
    policy = (
        f"default-src 'none'; {allowed}style-src 'unsafe-inline'; img-src 'self' data: blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return whole.encode(), policy


ENTER = _page(
    "A shared link",
    "<h1>Something was shared with you</h1>"
    "<p>It opens in this browser. If it is a demo that you can ask, whoever shared it can read "
    "what you ask and what is answered.</p>"
    '<form data-to="/api/demo/enter"><label hidden>Passphrase'
    '<input type="password" name="passphrase" autocomplete="off" maxlength="200"></label>'
    "<button>Open</button></form>"
    '<p role="status" class="soft"></p><noscript>This page needs JavaScript.</noscript>',
    _ENTER + _SEND,
)
_TOKEN_FORM = (
    '<form data-to="/api/sign-in"><label>Token'
    '<input type="password" name="token" autocomplete="current-password" {more} required '
    'maxlength="200"></label><button>Sign in</button></form>'
    '<p role="status" class="soft"></p>'
)
_LINKS = '<p class="soft">A link that somebody shared with you opens without it: open that link again.</p>'
SIGN_IN = _page(
    "Sign in",
    "<h1>Sign in to Footlights</h1>"
    "<p>Enter the token that was printed where the app was started.</p>"
    + _TOKEN_FORM.format(more="autofocus")
    + _LINKS,
    _SIGN_IN + _SEND,
)
SIGN_IN_TEAM = _page(
    "Sign in",
    "<h1>Sign in to Footlights</h1>"
    '<p id="why" role="alert"></p>'
    '<p><a class="button" href="/api/sign-in/oidc">Sign in with your account</a></p>'
    '<p class="soft">Your provider says who you are. What you ask and upload here is yours; the owner of '
    "the app sees what you spend, not what you say.</p>"
    "<details><summary>I run this app</summary>"
    '<div class="inside"><p class="soft">The token was printed where the app was started.</p>'
    + _TOKEN_FORM.format(more="")
    + "</div></details>"
    + _LINKS,
    _SIGN_IN + _TEAM + _SEND,
)
SIGN_OUT = _page(
    "Sign out",
    "<h1>Sign out of Footlights?</h1>"
    "<p>On this browser. At your provider, if you came by one, you stay signed in.</p>"
    '<form data-to="/api/sign-out"><button autofocus>Sign out</button></form>'
    '<p role="status" class="soft"></p><p><a href="/">Back to Footlights</a></p>',
    _SIGN_OUT + _SEND,
)
CLOSED = _page(
    "Nothing here",
    "<h1>There is nothing to see here</h1>"
    "<p>The link has ended, or never was one. Ask whoever sent it to you for a new one.</p>",
)
COME_BACK = _page(ENDED, f"<h1>{ENDED}</h1><p>{THANKS}</p>")
"""For whoever shows a visitor's cookie, whatever it was: he has been somewhere."""
ROBOTS = b"User-agent: *\nDisallow: /\n"
