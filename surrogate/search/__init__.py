"""Which deposition conditions keep lithium glassy, how fast may one plate, and how sure is that?"""
