"""What the platform's structure costs: no-change previews against a bare Pulumi program, as ratios of one run.

Reports and never judges: a time on somebody's machine is no test. Nothing is written into the checkout.
"""
