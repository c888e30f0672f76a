"""Everything that is done with flows before callers are in them: drafts, checks, test cases, publishing, files."""

from .cases import Verdict as Verdict
from .cases import delete_case as delete_case
from .cases import dry_run as dry_run
from .cases import save_case as save_case
from .cases import try_out as try_out
from .checks import checks as checks
from .checks import diff as diff
from .drafts import save_draft as save_draft
from .files import FORMATS as FORMATS
from .files import export as export
from .files import import_text as import_text
from .installation import choices as choices
from .installation import known as known
from .publishing import publish as publish
from .publishing import rollback as rollback
