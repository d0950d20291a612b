# SPDX-License-Identifier: Apache-2.0
"""Starts what a fleet needs, privately: its own PostgreSQL, its own broker, the simulator and the programs.

process, ledger, postgres, kafka and programs use the standard library only, since `fleet demo` stands on them too;
fleet, topics and faithful are for the system tests and use Debian's psycopg2 and confluent_kafka.
"""
