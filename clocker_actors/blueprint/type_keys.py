"""Keys of files of types, and of the parameters that types and services declare: rows like those of `tables`."""

from clocker_actors.blueprint.keys import KeyTable
from clocker_actors.blueprint.keys import row as _key

TYPE_KEYS = KeyTable(
    _key("id", "string", "how services name it", "symbolicName", default=""),
    _key("version", "string", "its version; several of one id may be there", default=""),
    _key("name", "string", "its name for people; default: its id", "displayName", default=""),
    _key("description", "string", "what it is, in a sentence", default=""),
    _key("icon", "string", "a picture: an url, or a data: url", "iconUrl", "icon_url", default=""),
    _key("docs", "string", "what people should know who use it", default=""),
    _key("aliases", "node", "other names that mean it, as the ancestor's Java classes"),
    _key("sensors", "node", "map of its own sensors to what each says"),
    _key(
        "itemType",
        "string",
        "what it is: entity, or application or template (a whole one: a file that has it alone is that application)",
        "item.type",
        "item_type",
        default="entity",
    ),
    _key("deprecated", "boolean", "still there, and not to be used any more", default=False),
)

CATALOGUE_KEYS = TYPE_KEYS + KeyTable(
    _key("item", "node", "the service"),
    _key("items", "node", "list of further maps like this one"),
    _key("bundle", "string", "name of the file it came in", default=""),
    _key("format", "string", "how it is written", default=""),
    _key("tags", "node", "list of anything"),
)

PARAMETER_KEYS = KeyTable(
    _key("name", "string", "name of the configuration key", default=""),
    _key("label", "string", "what people see instead of the name", default=""),
    _key("description", "string", "what it is for", default=""),
    _key(
        "type",
        "string",
        "string, integer, long, float, double, boolean, timestamp, duration, size, port (8080, 8080+), list, map, any, list<type> or map<string,type>",
        default="string",
    ),
    _key("default", "node", "value if none is given"),
    _key("pinned", "boolean", "shown first, where parameters are shown", default=False),
    _key("constraints", "node", "list of required, regex, glob, urlExists, requiredIf and so on, or a predicate", "constraint"),
    _key(
        "inheritance.type",
        "string",
        "how types hand it to types that extend them: never, not_reinherited, not_reinherited_else_deep_merge, overwrite or deep_merge",
        default="overwrite",
    ),
    _key("inheritance.runtime", "string", "how services hand it to those below them: the same", default="overwrite"),
    _key("sensor", "string", "sensor that has its value", default=""),
    _key("aliases", "node", "other names that a value for it may have", "flag"),
)
