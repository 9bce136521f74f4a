"""The report's page in headless Chromium; what is tried stands in page_test.mjs."""

import concurrent.futures
import os
import subprocess
import unittest

from pages import HERE, KINDS, ROOT, ToolTest, make_page


class Page(ToolTest):
    def test_in_chromium(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda kind: make_page(kind, self.folder), KINDS))
        environment = {**os.environ, "FLEXOS_REPORT_PAGES": str(self.folder),
                       "FLEXOS_REPORT_MODULES": str(ROOT / "build/report")}
        run = subprocess.run(["node", "--test", HERE / "page_test.mjs"], env=environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=800,
                             check=False)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("# fail 0", run.stdout)


if __name__ == "__main__":
    unittest.main()
