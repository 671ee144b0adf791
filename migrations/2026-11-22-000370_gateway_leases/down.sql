DROP TABLE directory_gateway_leases;
