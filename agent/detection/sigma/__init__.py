"""Sigma rules, evaluated in process, on a stream, by ourselves; pySigma only reads them."""
