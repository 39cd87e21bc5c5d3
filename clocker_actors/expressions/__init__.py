"""What expressions of a blueprint are worth: pure functions from trees and what is seen to values.

`fold` works out whatever needs nobody's help, when a file is read; `resolve` does the rest against a `Scope`, and says `Ready`, `Waiting`, `Broken` or
`Sealed`; `unseal` puts secrets in at the last moment. Texts, templates, regular expressions and predicates are bounded in time and size, since anybody who
may deploy can write them. Nothing here waits, listens or knows an actor: whoever asks comes again when something has changed.
"""

from clocker_actors.expressions.folding import fold
from clocker_actors.expressions.predicates import holds
from clocker_actors.expressions.resolving import Broken, Ready, Scope, Sealed, Seen, Waiting, references, resolve, sealed_in, unseal
from clocker_actors.expressions.texts import as_text, truthy
from clocker_actors.expressions.wording import in_words

__all__ = [
    "resolve",
    "Scope",
    "Seen",
    "Ready",
    "Waiting",
    "Broken",
    "Sealed",
    "sealed_in",
    "unseal",
    "references",
    "fold",
    "holds",
    "truthy",
    "as_text",
    "in_words",
]
