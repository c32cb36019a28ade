/** That all is well; anything else is a problem document. */
export class HealthDto {
  status!: 'ok';
}
