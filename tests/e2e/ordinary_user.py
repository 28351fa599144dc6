"""Running footfall as somebody who may do nothing special."""

import os
import shutil

from footfall_process import binary


def ordinary_user(folder):
    """(options for start_footfall, a folder that this user may write into).

    When the tests are root's it is a user whom nobody else is, so that what the kernel counts for
    each user is this test's alone.
    """
    home = os.path.join(folder, "home")
    os.mkdir(home)
    if os.geteuid() != 0:
        return {}, home
    program = os.path.join(folder, "footfall")
    shutil.copy(binary(), program)  # where the build is, another user may not look
    os.chmod(program, 0o755)
    user = 100_000 + os.getpid()
    os.chown(home, user, user)
    return {"program": program, "user": user}, home
