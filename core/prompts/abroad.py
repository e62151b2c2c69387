"""How other languages than English say that what was told before is to be dropped."""

import re

ABROAD = re.compile(
    r"\b(?:ignorier\w*|vergiss\w*|missachte\w*|vergesst)\b[^.\n]{0,50}\b(?:anweisung|vorgabe|regel|befehl|alles|bisherig|vorherig|oben)\w*"
    r"|\b(?:ignore[zr]?|oublie[zr]?|n[ée]glige[zr]?) (?:toutes?|tous|tout|les?|la|vos|tes|ce qui)\b[^.\n]{0,50}\b(?:instructions|consignes|directives|règles?|règlement|précède|précédent\w*|ci-dessus)\b"
    r"|\b(?:ignora|ignore|ignorad|olvida|olvide|omite)\b[^.\n]{0,50}\b(?:instrucciones|reglas|normas|lo anterior)\b"
    r"|\b(?:ignora|ignorate|dimentica|scorda)\b[^.\n]{0,50}\b(?:istruzioni|regole|precedenti|quanto sopra)\b"
    r"|\b(?:ignore|esqueça|desconsidere)\b[^.\n]{0,50}\b(?:instruções|regras|acima|anteriores)\b"
    r"|\b(?:negeer|vergeet)\b[^.\n]{0,50}\b(?:instructies|regels|alles|hierboven|voorgaande)\b"
    r"|\b(?:zignoruj|zapomnij)\b[^.\n]{0,50}\b(?:instrukcj|polece|zasad|wszystk|powyż|poprzedni)\w*"
    r"|\b(?:glöm|ignorera)\b[^.\n]{0,50}\b(?:instruktion\w*|regler\w*|ovan\w*|tidigare)\b"
    r"|\b(?:zapomeň\w*|ignoruj\w*)\b[^.\n]{0,50}\b(?:pokyn|instrukc|předchoz|pravid)\w*"
    r"|(?:игнорируй|забудь|проигнорируй)\w*[^.\n]{0,50}(?:инструкц|указани|команд|правил|предыдущ|выше)\w*"
    r"|(?:忽略|无视|無視|忘记|忘記|忘掉)[^。\n]{0,20}(?:指示|指令|说明|提示|規則|规则|以上|上面|之前|所有)"
    r"|(?:指示|命令|指令|以上)[^。\n]{0,10}(?:無視|忘れ)"
    r"|(?:이전|위의)[^.\n]{0,20}지시[^.\n]{0,10}(?:무시|잊)"
    r"|(?:تجاهل|انس)[^.\n]{0,40}(?:التعليمات|الأوامر|ما سبق|القواعد)"
    r"|(?:निर्देश|आदेश|नियम)[^।\n]{0,20}(?:भूल|अनदेखा|नज़रअंदाज़)"
    r"|(?:talimat|komut|kural)\w*[^.\n]{0,20}\b(?:unut|yok say|görmezden|dikkate alma)\w*",
    re.I,
)
"""To ignore or forget rules, or all that stands before; not a letter or a bill."""
