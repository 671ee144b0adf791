DROP FUNCTION tillwatch_erase(uuid, integer);
DROP TABLE directory_erasures, directory_closings;
REVOKE DELETE ON directory_logins, directory_staff, queue_deliveries FROM tillwatch_system;
