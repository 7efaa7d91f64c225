"""Jobs of many items: each on its own, what fails is recorded, and a job begun again goes on.

job.py -> runner.py (work.py in executors.py) -> journal.py -> results.py
"""
